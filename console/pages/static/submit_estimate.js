// What a job would be before it is one: asked of the API as sources and files change. For submit.js and sweep.js.
"use strict";

const jobEstimate = (() => {
  const at = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const words = (text, values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

  function size(bytes) {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    let unit = 0;
    let n = bytes;
    for (; n >= 1000 && unit < units.length - 1; unit += 1) n /= 1000;
    const style = { style: "unit", unit: units[unit], maximumSignificantDigits: 3 };
    return new Intl.NumberFormat(document.documentElement.lang, style).format(n);
  }

  function line(list, text) {
    const item = document.createElement("li");
    item.textContent = text;
    list.append(item);
  }

  const lines = () =>
    at("sources").value.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));

  // leaving the sources by pressing a button asks too: what moves while it is pressed gets no click
  let isPressed = false;
  addEventListener("pointerdown", () => (isPressed = true), true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => (isPressed = false), true);
  async function released() {
    do await new Promise((done) => setTimeout(done, 20));
    while (isPressed);
  }

  // files: () -> those that are chosen; returns what asks again
  function follow(said, files) {
    let asked = 0;
    const QUOTA = {
      items_left: "itemsLeft",
      items_over: "itemsOver",
      stored_bytes_left: "bytesLeft",
      stored_bytes_over: "bytesOver",
      audio_s_left: "soundLeft",
      audio_s_over: "soundOver",
    };
    const QUOTA_UNIT = {
      items: (n) => number.format(n),
      stored_bytes: size,
      audio_s: (n) => number.format(Math.round(n / 360) / 10),
    };

    async function ask(sources) {
      const answer = await fetch("/v1/jobs/estimate", {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": csrf() },
        body: JSON.stringify({
          sources: sources.slice(0, Number(said.mostSources)),
          only_new: at("only_new").checked,
          language: document.documentElement.lang,
          n_files: files().length,
          file_bytes: files().reduce((sum, file) => sum + file.size, 0),
        }),
      });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail);
      return body;
    }

    const said_of = (one) =>
      document.documentElement.lang === "en" || !one.meaning ? one.message : `${one.meaning} (${one.message})`;

    async function estimate() {
      const sources = lines();
      const mine = (asked += 1);
      await released();
      if (mine !== asked) return; // something else was asked meanwhile
      const place = at("estimate-said");
      const problems = at("estimate-problems");
      at("estimate").hidden = !sources.length && !files().length;
      if (at("estimate").hidden) return;
      problems.replaceChildren();
      place.textContent = said.counting;
      let found;
      try {
        found = await ask(sources);
      } catch (error) {
        await released();
        if (mine === asked) place.textContent = words(said.notCounted, { why: error.message });
        return;
      }
      await released();
      if (mine !== asked) return;
      const bytes = found.n_bytes;
      const least = found.is_all ? "" : `${said.atLeast} `;
      const parts = [least + words(said.estimate, { n: number.format(found.n_items) })];
      if (bytes) parts.push(words(said.ofSize, { size: size(bytes) }));
      parts.push(
        found.minutes === null
          ? said.noPace
          : words(said.minutes, { n: number.format(Math.max(1, Math.ceil(found.minutes))) }),
      );
      place.textContent = parts.join(" ");
      for (const one of found.problems) line(problems, `${one.source}: ${said_of(one)}`);
      for (const one of found.quota) {
        const key = `${one.resource}_${one.left < 0 ? "over" : "left"}`;
        if (key in QUOTA) line(problems, words(said[QUOTA[key]], { n: QUOTA_UNIT[one.resource](Math.abs(one.left)) }));
      }
    }

    at("sources").addEventListener("change", estimate);
    at("only_new").addEventListener("change", estimate);
    at("estimate-again").addEventListener("click", estimate);
    if (lines().length) estimate(); // of a form that came back
    return estimate;
  }

  return { follow, line, lines, number, size, words };
})();
