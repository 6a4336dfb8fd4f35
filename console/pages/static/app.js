// What pages do beyond forms and links: the page's token, dropping files, hearing a second.
"use strict";

const csrf = () => document.querySelector('meta[name="csrf"]').content;

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["x-csrf-token"] = csrf();
});

// answers of 4xx and 5xx say what went wrong: show them where the result would be
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// a server that does not answer is said in words, and no more once it answers again
for (const [name, isAway] of [["htmx:sendError", true], ["htmx:timeout", true], ["htmx:afterOnLoad", false]]) {
  document.addEventListener(name, () => (document.getElementById("offline").hidden = !isAway));
}

const player = () => document.getElementById("player");

function play(blob) {
  const audio = player();
  if (!audio) return;
  if (audio.src) URL.revokeObjectURL(audio.src);
  audio.src = URL.createObjectURL(blob);
  audio.hidden = false;
}

const drop = document.getElementById("drop");
if (drop) {
  const file = document.getElementById("file");
  file.addEventListener("change", () => file.files[0] && play(file.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      file.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}

// a second of the timeline is heard when it is clicked
document.addEventListener("click", (event) => {
  const cell = event.target.closest(".timeline .cell");
  const audio = player();
  if (cell && audio && audio.src) {
    audio.currentTime = Number(cell.dataset.start);
    audio.play();
  }
});

document.addEventListener("timeupdate", (event) => {
  if (event.target.id !== "player" || !event.target.duration) return;
  for (const line of document.querySelectorAll(".playhead")) {
    const wide = line.ownerSVGElement.viewBox.baseVal.width;
    const x = (event.target.currentTime / event.target.duration) * wide;
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.classList.add("on");
  }
}, true);
