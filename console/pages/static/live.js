// Parts of pages that follow what they show: by server-sent events, or, where those do not come, by
// asking every five seconds. An element names both: data-live, data-poll; data-over="reload": the page
// is loaded again when it is over; otherwise it names other parts, by id, that are shown as they are by then.
// A hidden page follows nothing: browsers keep six connections a site.
"use strict";

const POLL_MS = 5000;
const PATIENCE_MS = 10000; // for the first event: some proxies keep events back

for (const box of document.querySelectorAll("[data-live]")) follow(box);

// what somebody is busy with stays as it is
async function renew(ids) {
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ids) {
      const old = document.getElementById(id);
      const now = fresh.getElementById(id);
      if (old && now && !old.contains(document.activeElement)) old.replaceWith(now);
    }
  } catch {
    // the server is away: the page says what it said before
  }
}

function follow(box) {
  let source = null;
  let timer = null;
  let isOver = false;

  const show = (html) => {
    const focused = box.contains(document.activeElement) && document.activeElement.getAttribute("href");
    box.innerHTML = html; // our own template: everything in it is escaped there
    if (focused) box.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  };
  const stop = () => {
    source?.close();
    source = null;
    clearTimeout(timer);
  };
  const end = () => {
    isOver = true;
    stop();
    if (box.dataset.over === "reload") location.reload();
    else if (box.dataset.over) renew(box.dataset.over.split(" "));
  };
  const poll = async () => {
    stop();
    box.dataset.following = "poll";
    try {
      const answer = await fetch(box.dataset.poll, { headers: { "hx-request": "true" } });
      if (answer.ok) show(await answer.text());
      if (answer.status === 404 || box.querySelector("[data-ended]")) return end();
    } catch {
      // the server is away: the next time it may answer
    }
    if (!document.hidden && !isOver) timer = setTimeout(poll, POLL_MS);
  };
  const listen = () => {
    if (isOver || document.hidden) return;
    if (!window.EventSource) return poll();
    source = new EventSource(box.dataset.live);
    timer = setTimeout(poll, PATIENCE_MS);
    source.addEventListener("part", (event) => {
      clearTimeout(timer);
      box.dataset.following = "events";
      show(event.data);
    });
    source.addEventListener("over", (event) => {
      if (event.data) show(event.data);
      end();
    });
    source.addEventListener("error", () => {
      if (source && source.readyState === EventSource.CLOSED) poll(); // refused: it will not come back by itself
    });
  };

  document.addEventListener("visibilitychange", () => {
    stop();
    listen();
  });
  window.addEventListener("pagehide", stop);
  listen();
}
