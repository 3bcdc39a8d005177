"use strict";
// The page's own tools. Without this script everything is there and readable; nothing here comes from the data.
(function () {
  const byId = (id) => document.getElementById(id);
  const main = byId("report");
  byId("tools").hidden = false;

  // Colours: as the system, until the reader chooses.
  const colours = byId("colours");
  const paint = (choice) => {
    if (choice) document.documentElement.dataset.colours = choice;
    else delete document.documentElement.dataset.colours;
  };
  try { colours.value = localStorage.getItem("colours") || ""; } catch { /* a page from a file may keep nothing */ }
  paint(colours.value);
  colours.addEventListener("change", () => {
    paint(colours.value);
    try { localStorage.setItem("colours", colours.value); } catch { /* as above */ }
  });

  // Code: all of it opened or folded at once.
  const folds = Array.from(main.querySelectorAll("details.code"));
  const code = byId("code");
  code.hidden = folds.length === 0;
  code.addEventListener("click", () => {
    const open = code.getAttribute("aria-pressed") !== "true";
    folds.forEach((fold) => { fold.open = open; });
    code.setAttribute("aria-pressed", String(open));
    code.textContent = open ? code.dataset.hide : code.dataset.show;
  });

  // Tables are a stop for the keyboard only where there is something to scroll.
  const scrolls = Array.from(main.querySelectorAll(".scroll"));
  const reach = () => scrolls.forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  window.addEventListener("resize", reach);
  reach();

  // Contents: the section being read is marked, and kept in sight.
  const contents = byId("contents-list");
  const entries = new Map();
  contents.querySelectorAll("a[href^='#']").forEach((link) => {
    const target = byId(decodeURIComponent(link.hash.slice(1)));
    if (target) entries.set(target, link);
  });
  const titles = Array.from(entries.keys());
  let current = null;
  const follow = () => {
    const line = window.innerHeight / 4;
    let here = null;
    for (const title of titles) {
      if (title.getBoundingClientRect().top > line) break;
      here = title;
    }
    const link = here && entries.get(here);
    if (link === current) return;
    if (current) current.removeAttribute("aria-current");
    current = link;
    if (!link) return;
    link.setAttribute("aria-current", "true");
    const box = contents.getBoundingClientRect();
    const place = link.getBoundingClientRect();
    if (place.top < box.top || place.bottom > box.bottom) contents.scrollTop += place.top - box.top - box.height / 3;
  };
  let asked = false;
  window.addEventListener("scroll", () => {
    if (!asked) requestAnimationFrame(() => { asked = false; follow(); });
    asked = true;
  }, { passive: true });
  follow();

  // Search. Text is compared without regard to capitals, kinds of spaces and where one element ends inside a paragraph.
  const wanted = byId("wanted");
  const told = byId("hits");
  const PIECES = "p, li, dt, dd, th, td, h1, h2, h3, h4, h5, h6, figcaption, blockquote, pre, summary, div";
  const plain = (text) => Array.from(text, (letter) => {
    const small = letter.toLowerCase();
    return small.length === letter.length ? small : letter;
  }).join("").replace(/[\s\u00a0\u202f]/g, " ").replace(/\u2212/g, "-");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  let hits = [];
  let place = -1;
  let opened = null;

  const pieces = () => {
    const found = [];
    const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.parentElement.closest("math, svg")) continue;
      const box = node.parentElement.closest(PIECES);
      const last = found[found.length - 1];
      if (last && last.box === box) last.nodes.push(node);
      else found.push({ box: box, nodes: [node] });
    }
    return found;
  };

  const marked = (node, start, end) => {
    const part = start > 0 ? node.splitText(start) : node;
    if (end - start < part.data.length) part.splitText(end - start);
    const mark = document.createElement("mark");
    part.replaceWith(mark);
    mark.append(part);
    return mark;
  };

  const markIn = (piece, word) => {
    const text = plain(piece.nodes.map((node) => node.data).join(""));
    const starts = [];
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) starts.push(at);
    const found = starts.map(() => []);
    let end = text.length;
    for (const node of piece.nodes.slice().reverse()) {
      const begin = end - node.data.length;
      for (let k = starts.length - 1; k >= 0; k -= 1) { // from the end, so that what stands before keeps its place
        const from = Math.max(starts[k], begin);
        const to = Math.min(starts[k] + word.length, end);
        if (from < to) found[k].unshift(marked(node, from - begin, to - begin));
      }
      end = begin;
    }
    return found;
  };

  const clear = () => {
    const parents = new Set();
    main.querySelectorAll("mark").forEach((mark) => {
      parents.add(mark.parentNode);
      mark.replaceWith(...mark.childNodes);
    });
    parents.forEach((parent) => parent.normalize());
    hits = [];
    place = -1;
  };

  const fold = () => {
    if (opened && code.getAttribute("aria-pressed") !== "true") opened.open = false;
    opened = null;
  };

  const sectionOf = (element) => {
    let name = document.title;
    for (const title of titles) {
      if (title !== element && !(title.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      name = title.textContent.replace(/\s+/g, " ").trim();
    }
    return name;
  };

  const go = (step) => {
    if (hits.length === 0) return;
    if (place >= 0) hits[place].forEach((mark) => mark.classList.remove("here"));
    place = place < 0 && step < 0 ? hits.length - 1 : (place + step + hits.length) % hits.length;
    const hit = hits[place];
    hit.forEach((mark) => mark.classList.add("here"));
    const inside = hit[0].closest("details");
    if (inside !== opened) fold();
    if (inside && !inside.open) {
      inside.open = true;
      opened = inside;
    }
    hit[0].scrollIntoView({ block: "center" });
    const section = sectionOf(hit[0].closest("h1, h2, h3, h4") || hit[0]);
    told.textContent = fill(told.dataset.at, { place: place + 1, total: hits.length, section: section });
  };

  const search = () => {
    clear();
    fold();
    const word = plain(wanted.value.trim());
    if (word.length < 2) {
      told.textContent = "";
      return;
    }
    hits = pieces().flatMap((piece) => markIn(piece, word)).filter((hit) => hit.length > 0);
    const text = hits.length === 0 ? told.dataset.none : hits.length === 1 ? told.dataset.one : told.dataset.some;
    told.textContent = fill(text, { total: hits.length });
  };

  let waiting = 0;
  const now = () => {
    if (waiting) {
      clearTimeout(waiting);
      waiting = 0;
      search();
    }
  };
  wanted.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(now, 200);
  });
  wanted.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      now();
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && hits.length > 0) {
      event.preventDefault();
      if (place < 0) go(1);
      const box = hits[place][0].closest(PIECES);
      box.tabIndex = -1;
      box.focus({ preventScroll: true });
    }
  });
  byId("next").addEventListener("click", () => { now(); go(1); });
  byId("previous").addEventListener("click", () => { now(); go(-1); });
})();
