// Speak lines of text with the engines of two npm packages: gnuspeech (articulatory) and sam.
// Called by engines.py: node speak.mjs NODE_FOLDER ENGINE VOICE SETTINGS OUT < text
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

const [folder, engine, voice, settings, out] = process.argv.slice(2)
const text = readFileSync(0, "utf8").trim()
const load = (path) => import(pathToFileURL(`${folder}/node_modules/${path}`).href)

if (engine === "gnuspeech") {
  const { synthesize } = await load("@echogarden/gnuspeech-wasm/dist/exports/GnuSpeech.js")
  const { audioData } = await synthesize(text, { voice, tempo: 1.0, controlRate: 250 })
  writeFileSync(out, audioData)
} else {
  const module = await load("sam-js/dist/samjs.common.js")
  const Sam = module.default?.default ?? module.default
  const [speed, pitch, throat, mouth] = settings.split(" ").map(Number)
  const samples = new Sam({ speed, pitch, throat, mouth }).buf8(text)
  writeFileSync(out, samples) // 8 bits unsigned at 22 050 Hz, no header
}
