// The page "Submit a job": files and folders sent in pieces (tus 1.0.0) that go on where a line broke;
// the estimate of them is in submit_estimate.js. Without this file the form takes links and prefixes.
"use strict";

(() => {
  const form = document.getElementById("submit-job");
  if (!form) return;

  const CHUNK_BYTES = 4 * 1024 * 1024; // of one request: what a broken line costs at most
  const AT_ONCE = 3; // files on their way
  const TRIES = 8; // of one piece, each after twice the pause
  const KEPT = "verity-uploads"; // in this browser: which upload a file of this folder already is
  const TUS = { "tus-resumable": "1.0.0" };
  const BODY = { ...TUS, "content-type": "application/offset+octet-stream" };

  const at = (id) => document.getElementById(id);
  const said = form.dataset;
  const { line, lines, number, size, words } = jobEstimate;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  // ---- which files -----------------------------------------------------------------------------

  const chosen = new Map(); // path -> file
  let nLeftOut = 0;
  const estimate = jobEstimate.follow(said, () => [...chosen.values()]);

  // by its kind no sound and no film; what a browser does not know is let through: the fleet looks
  function isWanted(path, file) {
    const isHidden = path.split("/").some((part) => part.startsWith("."));
    return !isHidden && /^($|audio\/|video\/|application\/(ogg|octet-stream|mp4|x-))/.test(file.type);
  }

  function choose(path, file) {
    if (isWanted(path, file)) chosen.set(path, file);
    else nLeftOut += 1;
  }

  function showChosen() {
    let bytes = 0;
    for (const file of chosen.values()) bytes += file.size;
    const parts = [];
    if (chosen.size) {
      parts.push(words(said.filesChosen, { n: number.format(chosen.size), size: size(bytes) }));
    }
    if (nLeftOut) parts.push(words(said.filesLeftOut, { n: number.format(nLeftOut) }));
    at("files-said").textContent = parts.join(" ");
    at("files-clear").hidden = !chosen.size && !nLeftOut;
    at("sources").required = !chosen.size;
    estimate();
  }

  // a folder's entries come in pages of a hundred
  async function walk(entry, path) {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      choose(path + entry.name, file);
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const page = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!page.length) return;
      for (const one of page) await walk(one, `${path}${entry.name}/`);
    }
  }

  async function take(transfer) {
    // both must be read before the first wait: the browser empties them then
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const files = [...transfer.files];
    const known = entries.filter(Boolean);
    if (known.length) for (const entry of known) await walk(entry, "");
    else for (const file of files) choose(file.name, file);
    showChosen();
  }

  const box = at("files-box");
  box.hidden = false;
  for (const id of ["files", "folder"]) {
    at(id).addEventListener("change", (event) => {
      for (const file of event.target.files) choose(file.webkitRelativePath || file.name, file);
      showChosen();
    });
  }
  for (const name of ["dragenter", "dragover"]) {
    box.addEventListener(name, (event) => {
      event.preventDefault();
      box.classList.add("over");
    });
  }
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    take(event.dataTransfer);
  });
  at("files-clear").addEventListener("click", () => {
    chosen.clear();
    nLeftOut = 0;
    at("files").value = at("folder").value = "";
    showChosen();
  });

  // ---- sending ---------------------------------------------------------------------------------

  function marks() {
    try {
      return JSON.parse(localStorage.getItem(KEPT) || "{}");
    } catch {
      return {};
    }
  }
  const markOf = (path, file) => `${path}|${file.size}|${file.lastModified}`;
  function keepMark(mark, id) {
    const kept = marks();
    if (id) kept[mark] = id;
    else delete kept[mark];
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
      // a full or forbidden store only costs going on after a reload
    }
  }

  let isPaused = false;
  let resumed = null; // wakes whoever waits for the pause's end
  at("sending-pause").addEventListener("click", () => {
    isPaused = !isPaused;
    at("sending-pause").textContent = isPaused ? said.resume : said.pause;
    if (!isPaused && resumed) resumed();
    tell();
  });
  const notPaused = async () => {
    while (isPaused) await new Promise((done) => (resumed = done));
  };

  const sent = { bytes: 0, allBytes: 0, files: 0, allFiles: 0, isAway: false };
  function tell() {
    const share = sent.allBytes ? sent.bytes / sent.allBytes : 1;
    at("sending-bar").value = share;
    const state = isPaused ? said.paused : sent.isAway ? said.away : "";
    const values = {
      n: number.format(sent.files),
      all: number.format(sent.allFiles),
      share: number.format(Math.floor(share * 100)),
    };
    at("sending-said").textContent = `${words(said.sending, values)} ${state}`.trim();
  }

  const base64 = (text) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)));

  // an answer, or an error where asking again is of no use
  async function request(url, options) {
    for (let tries = 1; ; tries += 1) {
      await notPaused();
      let answer = null;
      try {
        answer = await fetch(url, {
          ...options,
          headers: { ...options.headers, "x-csrf-token": csrf() },
        });
      } catch (error) {
        if (tries >= TRIES) throw error;
      }
      const isBusy = answer && (answer.status === 429 || answer.status >= 500);
      sent.isAway = !answer || isBusy;
      if (answer && !(isBusy && tries < TRIES)) return answer;
      tell();
      const wait = answer && Number(answer.headers.get("retry-after"));
      await pause(wait ? wait * 1000 : 500 * 2 ** Math.min(tries, 6));
    }
  }

  async function refusal(answer) {
    try {
      return new Error((await answer.json()).detail);
    } catch {
      return new Error(String(answer.status));
    }
  }

  // where an upload stands, or null where it is gone
  async function standing(id) {
    const answer = await request(`/v1/uploads/${id}`, { method: "HEAD", headers: TUS });
    return answer.ok ? Number(answer.headers.get("upload-offset")) : null;
  }

  async function begin(path, file) {
    const first = file.size <= CHUNK_BYTES; // a small file comes with its beginning
    const headers = {
      ...(first ? BODY : TUS),
      "upload-length": String(file.size),
      "upload-metadata": `filename ${base64(path.slice(-250))}`,
    };
    const options = { method: "POST", headers, body: first ? file : undefined };
    const answer = await request("/v1/uploads", options);
    if (!answer.ok) throw await refusal(answer);
    return {
      id: answer.headers.get("location").split("/").pop(),
      offset: Number(answer.headers.get("upload-offset")),
    };
  }

  async function sendFile(path, file) {
    const mark = markOf(path, file);
    let id = marks()[mark];
    let offset = id ? await standing(id) : null;
    let counted = 0;
    const count = (place) => {
      sent.bytes += place - counted;
      counted = place;
      tell();
    };
    if (offset === null) {
      ({ id, offset } = await begin(path, file));
      keepMark(mark, id);
    }
    count(offset);
    while (offset < file.size) {
      const answer = await request(`/v1/uploads/${id}`, {
        method: "PATCH",
        headers: { ...BODY, "upload-offset": String(offset) },
        body: file.slice(offset, offset + CHUNK_BYTES),
      });
      if (answer.ok) offset = Number(answer.headers.get("upload-offset"));
      else if (answer.status === 409) offset = await standing(id); // half a piece had come already
      else throw await refusal(answer);
      if (offset === null) throw await refusal(answer);
      count(offset);
    }
    sent.files += 1;
    tell();
    return `upload:${id}`;
  }

  async function sendAll() {
    const waiting = [...chosen.entries()];
    const sources = new Map();
    Object.assign(sent, { bytes: 0, files: 0, allFiles: waiting.length, allBytes: 0 });
    for (const [, file] of waiting) sent.allBytes += file.size;
    at("sending").hidden = false;
    at("sending-problems").replaceChildren();
    tell();
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [path, file] = next;
        try {
          sources.set(path, await sendFile(path, file));
        } catch (error) {
          line(at("sending-problems"), words(said.broken, { path, why: error.message }));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    // in the order in which they were chosen, whichever came first
    return [...chosen.keys()].filter((path) => sources.has(path)).map((path) => sources.get(path));
  }

  // `crypto.randomUUID` is there over HTTPS only
  const repeatKey = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

  async function submitJob(sources, place) {
    const fields = new FormData(form);
    const name = fields.get("name").trim();
    const body = {
      sources,
      name: place ? `${name || said.whole} ${place}` : name,
      priority: fields.get("priority"),
      hop_s: Number(fields.get("hop_s")),
      only_new: fields.has("only_new"),
      fresh: fields.has("fresh"),
      explain: fields.has("explain"),
      clips: fields.has("clips"),
      open_archives: fields.has("open_archives"),
      login: fields.get("login"),
    };
    for (const key of ["model", "cookies"]) {
      if (fields.get(key)) body[key] = fields.get(key);
    }
    for (const key of ["at_once", "keep_media_days"]) {
      if (fields.get(key)) body[key] = Number(fields.get(key)); // 0 days: as "0", which is a wish
    }
    const answer = await request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": repeatKey() },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw await refusal(answer);
    return (await answer.json()).job_id;
  }

  let isSending = false;
  addEventListener("beforeunload", (event) => isSending && event.preventDefault());

  form.addEventListener("submit", async (event) => {
    if (!chosen.size) return; // links alone: the form is sent as forms are
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    at("submit-go").disabled = true;
    try {
      const files = await sendAll();
      const sources = [...files, ...lines()];
      if (files.length < chosen.size && sent.files < sent.allFiles) throw new Error(said.nothing);
      const most = Number(said.mostSources);
      const jobs = [];
      for (let start = 0; start < sources.length; start += most) {
        const place = sources.length > most ? `(${jobs.length + 1})` : "";
        jobs.push(await submitJob(sources.slice(start, start + most), place));
      }
      for (const [path, file] of chosen) keepMark(markOf(path, file), null);
      isSending = false;
      location.assign(jobs.length === 1 ? `/jobs/${jobs[0]}` : "/jobs");
    } catch (error) {
      isSending = false;
      at("submit-go").disabled = false;
      line(at("sending-problems"), error.message);
    }
  });
})();
