// Draws an item's timeline on canvases: ruler, waveform, lanes, the whole. Knows no state and asks for nothing.
"use strict";

const itemDrawing = (() => {
  const LEVELS = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5];
  const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

  // colours come from the style sheet, so that dark mode is decided in one place
  function palette(place) {
    const style = getComputedStyle(place);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      level: new Map(LEVELS.map((one) => [one, of(one < 0 ? `--spoof-${-one}` : one > 0 ? `--person-${one}` : "--even")])),
      none: of("--unscored"), ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card"),
      mark: of("--mark"), markWash: of("--mark-wash"), above: of("--person-wash"), below: of("--spoof-wash"), wave: of("--wave"),
    };
  }

  function fit(canvas) {
    const scale = window.devicePixelRatio || 1;
    const wide = canvas.clientWidth, high = canvas.clientHeight;
    if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(high * scale)) {
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(high * scale);
    }
    const brush = canvas.getContext("2d");
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    brush.clearRect(0, 0, wide, high);
    return { brush, wide, high };
  }

  function clock(seconds, tenths = false) {
    const whole = Math.floor(seconds + 1e-6);
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60);
    const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
    return tenths ? `${text}.${Math.floor((seconds - whole + 1e-6) * 10)}` : text;
  }

  const across = (view, wide) => (seconds) => ((seconds - view.from) / (view.to - view.from)) * wide;

  function ruler(canvas, view, colours) {
    const { brush, wide, high } = fit(canvas);
    const x = across(view, wide);
    const most = Math.max(2, Math.floor(wide / 80));
    const step = STEPS_S.find((one) => (view.to - view.from) / one <= most) || 28800;
    brush.fillStyle = colours.soft;
    brush.strokeStyle = colours.line;
    brush.font = "12px system-ui, sans-serif";
    brush.textBaseline = "top";
    for (let at = Math.ceil(view.from / step - 1e-6) * step; at <= view.to + 1e-6; at += step) {
      const place = x(at);
      const text = clock(at, step < 1);
      const long = brush.measureText(text).width;
      brush.fillRect(Math.round(place), high - 5, 1, 5);
      if (place - long / 2 >= -long / 2 && place + long <= wide + long) {
        brush.fillText(text, Math.min(Math.max(place - long / 2, 0), wide - long), 1);
      }
    }
  }

  function wave(canvas, view, peaks, colours) {
    const { brush, wide, high } = fit(canvas);
    const x = across(view, wide);
    brush.fillStyle = colours.line;
    brush.fillRect(0, high / 2, wide, 1);
    if (!peaks || !peaks.high.length) return;
    brush.fillStyle = colours.wave;
    const each = (peaks.to_s - peaks.from_s) / peaks.high.length;
    const half = high / 2 - 1;
    for (let i = 0; i < peaks.high.length; i += 1) {
      const left = x(peaks.from_s + i * each), right = x(peaks.from_s + (i + 1) * each);
      if (right < 0 || left > wide) continue;
      const top = high / 2 - (peaks.high[i] / 127) * half, bottom = high / 2 - (peaks.low[i] / 127) * half;
      brush.fillRect(left, top, Math.max(right - left, 0.7), Math.max(bottom - top, 1));
    }
  }

  function marks(brush, view, wide, high, spans, colours) {
    const x = across(view, wide);
    for (const span of spans) {
      const left = Math.max(0, x(span.start_s)), right = Math.min(wide, x(span.end_s));
      if (right < 0 || left > wide) continue;
      brush.fillStyle = colours.markWash;
      brush.fillRect(left, 0, Math.max(right - left, 2), high);
      brush.fillStyle = colours.mark;
      brush.fillRect(left, high - 4, Math.max(right - left, 2), 4);
    }
  }

  // the place of a lane, with its name; `lane` draws into it
  function strip(one, number, words) {
    const place = document.createElement("div");
    place.className = "strip lane";
    const name = document.createElement("span");
    name.className = "strip-name";
    name.append(number + words[one.variant]);
    const sides = document.createElement("small");
    sides.append(`▲ ${words.person} `, document.createElement("br"), `▼ ${words.synthetic}`);
    name.append(sides);
    const canvas = document.createElement("canvas");
    canvas.dataset.lane = `${one.track}.${one.channel}.${one.variant}`;
    place.append(name, canvas);
    return place;
  }

  // bars grow up for a person and down for synthesis: colour is never alone
  function lane(canvas, view, shown, own, spans, colours) {
    const { brush, wide, high } = fit(canvas);
    const x = across(view, wide);
    const middle = high / 2, half = middle - 4;
    brush.fillStyle = colours.above;
    brush.fillRect(0, 0, wide, middle);
    brush.fillStyle = colours.below;
    brush.fillRect(0, middle, wide, middle);
    marks(brush, view, wide, high, spans, colours);
    const reach = Math.max(shown.llr_limit, Math.LN10) * 1.08;
    const high_of = (llr) => Math.max(-1, Math.min(1, llr / reach)) * half;
    const cell_wide = x(view.from + shown.cell_s);
    const gap = cell_wide > 5 ? 1 : 0;
    own.level.forEach((level, i) => {
      const left = x(shown.from_s + i * shown.cell_s);
      const right = Math.min(x(shown.from_s + (i + 1) * shown.cell_s), x(shown.end_s));
      if (right < 0 || left > wide) return;
      const across_cell = Math.max(right - left - gap, 0.8);
      if (level === null) {
        brush.fillStyle = colours.none;
        brush.fillRect(left, middle - 3, across_cell, 6);
      } else if (level === 0) {
        brush.fillStyle = colours.level.get(0);
        brush.fillRect(left, middle - 6, across_cell, 12);
      } else {
        brush.fillStyle = colours.level.get(level);
        const tall = Math.max(7, Math.abs(high_of(own.llr[i])));
        brush.fillRect(left, level > 0 ? middle - tall : middle, across_cell, tall);
      }
      const lowest = own.lowest[i];
      if (lowest !== null && lowest < 0 && (level === null || lowest < level)) {
        brush.fillStyle = colours.level.get(lowest); // one second of the cell says more than its mean
        brush.fillRect(left, high - 9, Math.max(across_cell, 2), 4);
      }
    });
    brush.fillStyle = colours.soft;
    brush.fillRect(0, middle, wide, 0.7);
    curve(brush, shown, own, x, middle, high_of, colours);
  }

  function curve(brush, shown, own, x, middle, high_of, colours) {
    for (const [colour, thick] of [[colours.card, 4], [colours.ink, 1.8]]) {
      brush.strokeStyle = colour;
      brush.lineWidth = thick;
      brush.lineJoin = "round";
      brush.beginPath();
      let is_down = false;
      own.curve.forEach((llr, i) => {
        if (llr === null) {
          is_down = false;
          return;
        }
        const place = [x(shown.from_s + (i + 0.5) * shown.cell_s), middle - high_of(llr)];
        if (is_down) brush.lineTo(...place);
        else brush.moveTo(...place);
        is_down = true;
      });
      brush.stroke();
    }
  }

  function far(canvas, whole, own, spans, view, colours) {
    const all = { from: 0, to: whole.end_s };
    const { brush, wide, high } = fit(canvas);
    const x = across(all, wide);
    own.level.forEach((level, i) => {
      brush.fillStyle = level === null ? colours.none : colours.level.get(level);
      const left = x(i * whole.cell_s);
      brush.fillRect(left, level === null ? high / 2 - 2 : 3, x(whole.cell_s) + 0.4, level === null ? 4 : high - 10);
    });
    marks(brush, all, wide, high, spans, colours);
    const left = x(view.from), right = x(view.to);
    brush.strokeStyle = colours.ink;
    brush.lineWidth = 2;
    brush.strokeRect(left + 1, 1, Math.max(right - left - 2, 4), high - 2);
  }

  return { palette, ruler, wave, strip, lane, far, clock };
})();
