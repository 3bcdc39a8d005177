"use strict";
(function () {
  const plain = function (text) {
    return text.toLowerCase().replace(/æ/g, "ae").replace(/ø/g, "o").normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  };
  const rows = Array.from(document.querySelectorAll("#profiles tbody tr"));
  const texts = rows.map(function (row) { return plain(row.textContent); });
  const wanted = document.getElementById("wanted");
  const shown = document.getElementById("shown");
  const search = function () {
    const words = plain(wanted.value).split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach(function (row, place) {
      const fits = words.every(function (word) { return texts[place].includes(word); });
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = shown.dataset.text.replace("{shown}", count).replace("{total}", rows.length);
  };
  wanted.addEventListener("input", search);
  document.getElementById("finder").addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("finder").hidden = false;
  search();
})();
