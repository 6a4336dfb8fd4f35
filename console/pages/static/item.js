// The page of one item: a player whose cursor, timeline and table of seconds are one.
"use strict";

(() => {
  const box = document.getElementById("listen");
  if (!box) return;
  const facts = JSON.parse(box.dataset.stage);
  const data = itemData.of(facts.item, facts.language);
  const { clock } = itemDrawing;
  const find = (id) => document.getElementById(id);
  const stage = find("stage"), audio = find("sound"), cursor = find("cursor"), rows = find("rows"), said = find("sound-said");
  const LEAST_S = Math.min(4, facts.end_s), CHUNK_ROWS = 400;

  const channels = [...new Map(facts.lanes.map((one) => [`${one.track}.${one.channel}`, { track: one.track, channel: one.channel }])).values()];
  let channel = channels[0];
  let view = { from: 0, to: facts.end_s };
  let at = 0; // where the cursor is, in seconds
  let whole = null, shown = null, peaks = null, image = null;
  let chunk = null; // the rows that are in the table: {from, to, seconds}
  let heard = null; // what the audio element holds: {start_s} of its first sample; null: nothing yet
  let stop_at = null; // where a single second ends
  let loading = 0;
  let is_loaded = false; // what is not there by then is said in words

  const lanes_shown = () => facts.lanes.filter((one) => channels.length <= 2 || is_own(one));
  const is_own = (one) => one.track === channel.track && one.channel === channel.channel;
  const spans_of = (one) => (shown ? shown.spans : []).filter((span) => span.track === one.track && span.channel === one.channel);
  const second_of = (time) => Math.floor(time / facts.hop_s + 1e-6) * facts.hop_s;

  // drawing

  function make_lanes() {
    const names = lanes_shown().map((one) => [one, channels.length > 1 ? `${one.track + 1}.${one.channel + 1} ` : ""]);
    find("lanes").replaceChildren(...names.map(([one, number]) => itemDrawing.strip(one, number, facts.words)));
  }

  function lane_in(answer, one) {
    return answer && answer.lanes.find((lane) => lane.track === one.track && lane.channel === one.channel && lane.variant === one.variant);
  }

  function draw() {
    const colours = itemDrawing.palette(box);
    itemDrawing.ruler(find("ruler"), view, colours);
    show("wave", "no-wave", peaks);
    if (peaks) itemDrawing.wave(find("wave"), view, peaks, colours);
    for (const one of lanes_shown()) {
      const canvas = stage.querySelector(`canvas[data-lane="${one.track}.${one.channel}.${one.variant}"]`);
      const own = lane_in(shown, one);
      if (own) itemDrawing.lane(canvas, view, shown, own, one.variant === "recorded" ? spans_of(one) : [], colours);
    }
    const strip = find("far").parentElement;
    strip.hidden = view.to - view.from > facts.end_s - 0.01;
    const first = facts.lanes.find(is_own);
    if (!strip.hidden && whole) itemDrawing.far(find("far"), whole, lane_in(whole, first), whole.spans.filter(is_own), view, colours);
    draw_picture();
    move_cursor();
  }

  function show(id, words, found) {
    const is_missing = is_loaded && !found;
    (id === "wave" ? find(id) : find(id).parentElement).hidden = is_missing;
    find(words).hidden = !is_missing;
  }

  function draw_picture() {
    const picture = find("spectrogram");
    show("spectrogram", "no-picture", image);
    picture.hidden = !image;
    if (!image) return;
    if (picture.dataset.of !== image.url) {
      picture.src = image.url;
      picture.dataset.of = image.url;
    }
    const long = view.to - view.from;
    picture.style.left = `${((image.from_s - view.from) / long) * 100}%`;
    picture.style.width = `${((image.to_s - image.from_s) / long) * 100}%`;
  }

  function move_cursor() {
    const ruler = find("ruler");
    const x = ((at - view.from) / (view.to - view.from)) * ruler.clientWidth;
    cursor.hidden = x < 0 || x > ruler.clientWidth + 1;
    cursor.style.transform = `translateX(${ruler.offsetLeft + Math.max(0, x)}px)`;
    find("at").textContent = clock(at, true);
  }

  // loading: one round at a time, and the newest wish wins

  const may_have = (what) => facts.sound.source === "media" || facts.drawn.some((one) => is_own(one) && one[what]);
  const nothing = Promise.resolve(null);

  async function load() {
    const round = ++loading;
    const wide = Math.max(200, find("ruler").clientWidth);
    const wish = { ...view };
    const cells = Math.min(1000, Math.max(60, Math.floor(wide / 2)));
    const take = (keep) => (answer) => {
      if (round !== loading || !answer) return;
      keep(answer);
      draw();
    };
    await Promise.all([
      data.timeline(wish, cells).then(take((answer) => {
        shown = answer;
        if (!whole) whole = answer;
      })),
      (may_have("wave") ? data.wave(wish, channel, Math.min(2000, Math.round(wide))) : nothing).then(take((answer) => (peaks = answer))),
      (may_have("picture") ? data.picture(wish, channel) : nothing).then(take((answer) => (image = answer))),
    ]);
    if (round !== loading) return;
    is_loaded = true;
    draw();
  }

  let later = null;
  function look(from, to) {
    const long = Math.min(Math.max(to - from, LEAST_S), facts.end_s);
    const left = Math.min(Math.max(0, from), facts.end_s - long);
    view = { from: left, to: left + long };
    draw();
    clearTimeout(later);
    later = setTimeout(load, 90);
  }

  function zoom(factor) {
    const long = (view.to - view.from) * factor;
    const middle = at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
    look(middle - long / 2, middle + long / 2);
  }

  // the cursor, and what is said of the second under it

  function go(time) {
    at = Math.min(Math.max(0, time), facts.end_s);
    const long = view.to - view.from;
    if (at < view.from || at > view.to - (is_playing() ? long * 0.03 : 0)) {
      if (long < facts.end_s - 0.01) look(at - long * 0.08, at + long * 0.92);
    }
    move_cursor();
    tell();
  }

  let told = null;
  async function tell() {
    const second = second_of(at);
    if (told === second && chunk) return;
    told = second;
    if (!chunk || second < chunk.from - 1e-6 || second >= chunk.to - 1e-6) await load_rows(second);
    mark_row();
  }

  async function load_rows(second) {
    const each = facts.lanes.length / facts.hop_s;
    const long = Math.max(2, Math.min(40, Math.floor(CHUNK_ROWS / each) - 1));
    const from = Math.floor(second / long + 1e-6) * long;
    const answer = await data.rows({ from, to: Math.min(from + long, facts.end_s + 1) });
    const is_wanted = (time) => time >= from - 1e-6 && time < from + long - 1e-6;
    if (!answer || (chunk && !is_wanted(second_of(at)))) return; // the cursor went back to what is shown
    const seconds = new Map();
    for (const row of answer.rows.filter(is_own)) {
      if (!seconds.has(row.start_s)) seconds.set(row.start_s, {});
      seconds.get(row.start_s)[row.variant] = row;
    }
    chunk = { from, to: from + long, seconds: [...seconds].sort((a, b) => a[0] - b[0]) };
    fill_rows();
  }

  const signed = (number) => (number === null ? "" : `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(2)}`);
  const level_class = (level) => (level === null ? "none" : level < 0 ? `spoof-${-level}` : level > 0 ? `person-${level}` : "even");

  function fill_rows() {
    const has_separated = facts.lanes.some((one) => is_own(one) && one.variant === "separated");
    box.classList.toggle("no-separated", !has_separated);
    rows.replaceChildren(...chunk.seconds.map(([start_s, { recorded, separated }]) => {
      const line = document.createElement("tr");
      line.dataset.start = start_s;
      const seek = document.createElement("button");
      seek.type = "button";
      seek.className = "plain seek";
      seek.dataset.seek = start_s;
      seek.textContent = clock(start_s, facts.hop_s < 1);
      const cell = (content, name) => {
        const place = document.createElement("td");
        if (name) place.className = name;
        place.append(content);
        line.append(place);
      };
      cell(seek);
      for (const [row, name] of [[recorded, ""], [separated, "of-separated"]]) {
        const dot = document.createElement("i");
        dot.className = `dot ${row ? level_class(row.level) : "none"}`;
        const words = document.createElement("span");
        words.append(dot, row ? row.words : "–");
        cell(words, name);
        cell(row ? signed(row.llr) : "", `number ${name}`);
      }
      const one = recorded || separated;
      cell(one.voiced_share === null ? "" : `${Math.round(one.voiced_share * 100)} %`, "number");
      cell(one.quality_words.join(", "));
      return line;
    }));
  }

  function mark_row() {
    if (!chunk) return;
    let now = null;
    for (const line of rows.children) {
      const is_before = Number(line.dataset.start) <= at + 1e-6;
      if (is_before) now = line;
      line.removeAttribute("aria-current");
    }
    if (!now) return;
    now.setAttribute("aria-current", "true");
    const frame = rows.closest(".rows");
    const top = now.offsetTop - frame.clientHeight / 2;
    if (Math.abs(frame.scrollTop - top) > frame.clientHeight / 3) frame.scrollTop = top;
    const start_s = Number(now.dataset.start);
    const found = chunk.seconds.find(([one]) => one === start_s);
    if (!found) return;
    const { recorded, separated } = found[1];
    const parts = [];
    for (const row of [recorded, separated]) {
      if (row) parts.push(`${facts.words[row.variant]}: ${row.words}${row.llr === null ? "" : ` (LLR ${signed(row.llr)})`}`);
    }
    const one = recorded || separated;
    parts.push(...one.quality_words);
    const text = `${clock(start_s, facts.hop_s < 1)}–${clock(one.end_s, facts.hop_s < 1)} · ${parts.join(" · ")}`;
    find("readout").textContent = text;
    stage.setAttribute("aria-valuenow", at.toFixed(2));
    stage.setAttribute("aria-valuetext", text);
  }

  // hearing

  const is_playing = () => !audio.paused;

  async function ready() {
    if (facts.sound.source === "clips") {
      const clip = facts.sound.clips.find((one) => is_own(one) && at >= one.start_s - 1e-6 && at < one.end_s - 1e-6);
      if (!clip) {
        said.textContent = facts.words.no_clip;
        return false;
      }
      audio.src = data.clip_url(clip.kind);
      heard = { start_s: clip.start_s };
      return true;
    }
    if (heard) return true;
    said.textContent = facts.words.opening.replace("{share}", 0);
    for (;;) {
      const answer = await data.sound(channel);
      if (!answer) {
        said.textContent = facts.words.no_sound;
        return false;
      }
      if (answer.is_ready) break;
      const share = Math.min(99, Math.round((100 * answer.done_s) / Math.max(facts.end_s, 1)));
      said.textContent = facts.words.opening.replace("{share}", share);
      await new Promise((done) => setTimeout(done, 500));
    }
    said.textContent = "";
    audio.src = data.sound_url(channel);
    heard = { start_s: 0 };
    load(); // the pictures may be finer now
    return true;
  }

  async function play() {
    if (facts.sound.source === "none" || !(await ready())) return;
    stop_at = find("only").checked || facts.sound.source === "clips" ? second_of(at) + Math.max(facts.hop_s, 1) : null;
    if (stop_at !== null) at = second_of(at);
    audio.currentTime = Math.max(0, at - heard.start_s);
    try {
      await audio.play();
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = facts.words.no_sound;
    }
  }

  function follow() {
    if (!is_playing()) return;
    const time = heard.start_s + audio.currentTime;
    if (stop_at !== null && time >= stop_at) {
      audio.pause();
      go(second_of(stop_at - 0.5));
      return;
    }
    go(time);
    requestAnimationFrame(follow);
  }

  function show_playing() {
    const button = find("play");
    button.querySelector(".sign").textContent = is_playing() ? "❚❚" : "▶";
    button.querySelector(".says").textContent = is_playing() ? facts.words.pause : facts.words.play;
    if (is_playing()) requestAnimationFrame(follow);
  }
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, show_playing);
  audio.addEventListener("error", () => audio.getAttribute("src") && (said.textContent = facts.words.no_sound));
  audio.playbackRate = 1;

  function seek(time, with_sound) {
    const was_playing = is_playing();
    go(time);
    if (with_sound || was_playing) play();
  }

  // hands: buttons, pointer, keys

  find("play").addEventListener("click", () => (is_playing() ? audio.pause() : play()));
  for (const button of box.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => seek(at + Number(button.dataset.move), false));
  }
  find("zoom-in").addEventListener("click", () => zoom(0.5));
  find("zoom-out").addEventListener("click", () => zoom(2));
  find("zoom-all").addEventListener("click", () => look(0, facts.end_s));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-seek]");
    if (button) seek(Number(button.dataset.seek), true);
  });

  function to_span(side) {
    const starts = facts.spans.map(([start]) => start).sort((a, b) => a - b);
    const next = side > 0 ? starts.find((one) => one > at + 0.05) : starts.reverse().find((one) => one < at - 0.05);
    if (next !== undefined) seek(next, false);
  }
  find("span-before")?.addEventListener("click", () => to_span(-1));
  find("span-after")?.addEventListener("click", () => to_span(1));

  const time_at = (event, canvas, seen) => {
    const edge = canvas.getBoundingClientRect();
    return seen.from + ((event.clientX - edge.left) / edge.width) * (seen.to - seen.from);
  };
  let is_dragging = false;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".strip-name")) return;
    is_dragging = true;
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true });
    go(time_at(event, find("ruler"), view));
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => is_dragging && go(time_at(event, find("ruler"), view)));
  stage.addEventListener("pointerup", () => {
    if (is_dragging) seek(second_of(at), true);
    is_dragging = false;
  });
  stage.addEventListener("pointercancel", () => (is_dragging = false));
  find("far").addEventListener("click", (event) => {
    const time = time_at(event, find("far"), { from: 0, to: facts.end_s });
    const long = view.to - view.from;
    look(time - long / 2, time + long / 2);
    seek(time, false);
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // an ordinary wheel scrolls the page
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.4 : 0.7);
  }, { passive: false });

  const KEYS = {
    ArrowLeft: () => seek(at - facts.hop_s, false), ArrowRight: () => seek(at + facts.hop_s, false),
    PageDown: () => seek(at - 10, false), PageUp: () => seek(at + 10, false),
    Home: () => seek(0, false), End: () => seek(facts.end_s - facts.hop_s, false),
    " ": () => (is_playing() ? audio.pause() : play()), Enter: () => play(),
    n: () => to_span(1), p: () => to_span(-1), "+": () => zoom(0.5), "-": () => zoom(2), "0": () => look(0, facts.end_s),
  };
  stage.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });

  if (channels.length > 1) {
    const choice = find("channel");
    choice.parentElement.hidden = false;
    choice.append(...channels.map((one, i) => new Option(`${one.track + 1}.${one.channel + 1}`, i)));
    choice.addEventListener("change", () => {
      audio.pause();
      channel = channels[Number(choice.value)];
      heard = chunk = told = image = peaks = null;
      make_lanes();
      load();
      tell();
    });
  }
  let width = stage.clientWidth;
  new ResizeObserver(() => {
    if (stage.clientWidth === width) return;
    width = stage.clientWidth;
    draw();
    clearTimeout(later);
    later = setTimeout(load, 200);
  }).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  make_lanes();
  load();
  go(0);
})();
