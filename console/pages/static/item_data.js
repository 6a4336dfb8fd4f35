// Asks the API for what the page of an item shows: only the stretch that is looked at, an older wish is given up.
"use strict";

const itemData = (() => {
  const wishes = new Map(); // kind -> AbortController of the newest wish

  async function ask(kind, path) {
    wishes.get(kind)?.abort();
    const wish = new AbortController();
    wishes.set(kind, wish);
    try {
      const answer = await fetch(path, { signal: wish.signal, headers: { accept: "*/*" } });
      return answer.ok ? answer : null;
    } catch (error) {
      return null; // given up, or the server is away: what is drawn stays
    }
  }

  const query = (values) => new URLSearchParams(values).toString();
  const short = (seconds) => seconds.toFixed(3);

  async function json(kind, path) {
    const answer = await ask(kind, path);
    return answer && answer.json().catch(() => null);
  }

  function of(item, language) {
    const at = `/v1/items/${item}`;
    const between = (view, more) => query({ from_s: short(Math.max(0, view.from)), to_s: short(view.to), ...more });
    return {
      timeline: (view, cells, kind = "timeline") => json(kind, `${at}/timeline?${between(view, { cells, language })}`),
      rows: (view) => json("rows", `${at}/segments?${between(view, { most: 400, language })}`),
      wave: (view, channel, points) => json("wave", `${at}/waveform?${between(view, { ...channel, points })}`),
      sound: (channel) => json("sound", `${at}/sound?${query(channel)}`),
      sound_url: (channel) => `${at}/sound.wav?${query(channel)}`,
      clip_url: (kind) => `${at}/report.${kind}`,
      async picture(view, channel) {
        const answer = await ask("picture", `${at}/spectrogram.png?${between(view, channel)}`);
        if (!answer) return null;
        const reader = new FileReader();
        const blob = await answer.blob().catch(() => null);
        if (!blob) return null;
        const url = await new Promise((done) => {
          reader.addEventListener("load", () => done(reader.result));
          reader.readAsDataURL(blob);
        });
        return { url, from_s: Number(answer.headers.get("x-from-s")), to_s: Number(answer.headers.get("x-to-s")) };
      },
    };
  }

  return { of };
})();
