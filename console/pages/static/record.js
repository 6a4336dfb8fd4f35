// The microphone: heard piece by piece while one speaks (provisional), and as a whole when it is stopped.
// What is recorded stays as it is, 16-bit PCM: a codec would leave traces of its own.
"use strict";

const PIECE_S = 2; // new seconds that are sent at a time, if the answer before has come
const CONTEXT_S = 2; // known seconds before them: the first new ones are heard as in the whole
const MOST_PIECE_BYTES = 900000;

const box = document.getElementById("recorder");
const button = document.getElementById("record");
const said = document.getElementById("record-said");
const clock = document.getElementById("record-clock");
const live = document.getElementById("live");
let session = null;

button.addEventListener("click", () => (session ? finish() : begin()));
window.addEventListener("pagehide", () => session && close(session));

async function begin() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch (error) {
    said.textContent = box.dataset.refused.replace("{why}", error.message || error.name);
    return;
  }
  const context = new AudioContext();
  await context.audioWorklet.addModule("/static/recorder-worklet.js");
  const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  const now = {
    stream, context, rate: context.sampleRate, chunks: [], n: 0, sent: 0, heard: "[]", isBusy: false, asking: new AbortController(),
  };
  session = now;
  node.port.onmessage = (event) => session === now && hear(now, event.data);
  context.createMediaStreamSource(stream).connect(node);
  document.getElementById("result").replaceChildren();
  button.textContent = box.dataset.stop;
  said.textContent = box.dataset.recording;
  now.timer = setInterval(() => {
    clock.textContent = `${Math.floor(now.n / now.rate)} s`;
  }, 500);
}

function hear(now, samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) pcm[i] = Math.round(Math.max(-1, Math.min(1, samples[i])) * 32767);
  now.chunks.push(pcm);
  now.n += pcm.length;
  if (now.n * 2 > Number(box.dataset.mostBytes) - 1000) return finish();
  const isDue = now.n - now.sent >= PIECE_S * now.rate;
  if (isDue && !now.isBusy && now.n / now.rate <= Number(box.dataset.mostLiveS)) ask(now);
}

// whole seconds, so that segments lie where they lie in the whole recording
async function ask(now) {
  now.isBusy = true;
  const from = now.sent / now.rate;
  const most = Math.floor(MOST_PIECE_BYTES / 2 / now.rate) - CONTEXT_S;
  const until = Math.min(Math.floor(now.n / now.rate), from + most);
  const start = Math.max(0, from - CONTEXT_S);
  const form = new FormData();
  form.append("file", wav(cut(now, start * now.rate, until * now.rate), now.rate), "piece.wav");
  form.append("heard", now.heard);
  try {
    const answer = await fetch(`/try/live?start_s=${start}&from_s=${from}`, {
      method: "POST",
      body: form,
      headers: { "x-csrf-token": csrf(), "hx-request": "true" },
      signal: now.asking.signal,
    });
    if (session !== now) return;
    if (answer.ok) {
      live.innerHTML = await answer.text(); // our own template: everything in it is escaped there
      now.heard = live.querySelector("[data-heard]").dataset.heard;
      now.sent = until * now.rate;
    } else if (answer.status !== 503) {
      live.innerHTML = await answer.text();
      now.sent = Infinity; // what is refused now is refused again: the end is still analysed
    }
  } catch {
    // the server is away, or the recording has ended: the next piece holds this one too
  } finally {
    now.isBusy = false;
  }
}

function close(now) {
  session = null;
  clearInterval(now.timer);
  now.asking.abort();
  now.stream.getTracks().forEach((track) => track.stop());
  now.context.close();
}

function finish() {
  const now = session;
  close(now);
  button.textContent = box.dataset.start;
  said.textContent = "";
  clock.textContent = "";
  const sound = wav(cut(now, 0, now.n), now.rate);
  play(sound);
  const form = new FormData();
  form.append("file", sound, "recording.wav");
  send(form);
}

function cut(now, first, last) {
  const samples = new Int16Array(last - first);
  let at = 0;
  for (const chunk of now.chunks) {
    if (at + chunk.length > first && at < last) {
      const part = chunk.subarray(Math.max(0, first - at), Math.min(chunk.length, last - at));
      samples.set(part, Math.max(0, at - first));
    }
    at += chunk.length;
  }
  return samples;
}

function wav(samples, rate) {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // one channel
  head.setUint32(24, rate, true);
  head.setUint32(28, rate * 2, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, samples.byteLength, true);
  return new Blob([head, samples], { type: "audio/wav" });
}

async function send(form) {
  const working = document.getElementById("working");
  const result = document.getElementById("result");
  working.classList.add("htmx-request");
  try {
    const answer = await fetch("/try/file", {
      method: "POST",
      body: form,
      headers: { "x-csrf-token": csrf(), "hx-request": "true" },
    });
    result.innerHTML = await answer.text(); // our own template: everything in it is escaped there
    live.replaceChildren();
  } finally {
    working.classList.remove("htmx-request");
  }
}
