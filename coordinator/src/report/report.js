// The reader: shows one conversation at a time, filters the list, moves by keys. Without it every
// conversation stands below the list with all of its parts, and the links still work.
"use strict";
(() => {
  const reader = document.querySelector(".reader");
  if (!reader) return;
  const rows = [...reader.querySelectorAll(".list li")];
  const links = rows.map((row) => row.firstElementChild);
  const samples = [...reader.querySelectorAll(".sample")];
  const form = reader.querySelector(".filters");
  const shown = document.getElementById("shown");
  let current = -1;

  function tab(sample, place, focus) {
    const tabs = [...sample.querySelectorAll("[role=tab]")];
    tabs.forEach((button, index) => {
      button.setAttribute("aria-selected", index === place);
      button.tabIndex = index === place ? 0 : -1;
    });
    sample.querySelectorAll(".panel").forEach((panel, index) => { panel.hidden = index !== place; });
    if (focus) tabs[place].focus();
  }

  function show(place) {
    if (place === current || !samples[place]) return;
    current = place;
    samples.forEach((sample, index) => { sample.hidden = index !== place; });
    links.forEach((link, index) => {
      if (index === place) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    reader.dataset.shown = place;
  }

  const visible = () => rows.map((row, index) => index).filter((index) => !rows[index].hidden);

  // What is said or called in a conversation, in lower case; made when the text filter is first used.
  const texts = [];
  const text = (index) => (texts[index] ??= samples[index].textContent.toLowerCase());

  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    const needle = wanted.text.trim().toLowerCase();
    rows.forEach((row, index) => {
      const fits = ["scenario", "agent", "outcome"].every((key) => !wanted[key] || row.dataset[key] === wanted[key]);
      row.hidden = !(fits && (!needle || text(index).includes(needle)));
    });
    const left = visible();
    shown.textContent = left.length === rows.length ? `${rows.length} conversations` : `${left.length} of ${rows.length} conversations`;
    if (left.length && !left.includes(current)) show(left[0]);
  }

  function move(by) {
    const left = visible();
    const next = left[Math.min(Math.max(left.indexOf(current) + by, 0), left.length - 1)];
    if (next === undefined) return;
    show(next);
    links[next].focus({ preventScroll: true });
    links[next].scrollIntoView({ block: "nearest" });
  }

  samples.forEach((sample) => {
    const bar = sample.querySelector(".tabs");
    const tabs = [...bar.children];
    bar.hidden = false;
    tabs.forEach((button, index) => button.addEventListener("click", () => tab(sample, index, false)));
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const now = tabs.findIndex((button) => button.getAttribute("aria-selected") === "true");
      tab(sample, (now + step + tabs.length) % tabs.length, true);
      event.preventDefault();
    });
    tab(sample, 0, false);
  });

  links.forEach((link, index) => link.addEventListener("click", (event) => {
    event.preventDefault();
    show(index);
    try { history.replaceState(null, "", link.getAttribute("href")); } catch { /* a page from disk may not */ }
    if (matchMedia("(max-width: 900px)").matches) samples[index].scrollIntoView();
  }));
  reader.querySelector(".list").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { move(by); event.preventDefault(); }
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  const follow = () => {
    const named = /^#conversation-(\d+)$/.exec(location.hash);
    if (named) show(Number(named[1]));
  };
  addEventListener("hashchange", follow);
  show(0);
  follow();
})();
