// What a report in HTML does beside being read: columns sort, a slider goes over the rows of a
// table, a link opens what is folded. web/page.py puts the same text into the page, which calls
// enliven() of each report that it shows.
#pragma once

#include <string_view>

namespace whyoom::render {

inline constexpr std::string_view html_script = R"js(
'use strict';
function enliven(root) {
  const make = (name, more) => Object.assign(document.createElement(name), more);
  const value = (cell) => cell.textContent.trim();
  const number = (text) => parseFloat(text.replace(/[,\s]/g, ''));
  for (const table of root.querySelectorAll('table.sortable')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.tagName !== 'TH') return;
      const button = make('button', {type: 'button'});
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const body = table.tBodies[0];
        const rows = [...body.rows];
        const texts = rows.map((row) => value(row.cells[column]));
        const numbers = texts.every((text) => text === '' || !isNaN(number(text)));
        const sorted = head.getAttribute('aria-sort');
        const down = sorted ? sorted === 'ascending' : numbers;
        const order = (a, b) => numbers ? (isNaN(number(a)) ? -Infinity : number(a)) - (isNaN(number(b)) ? -Infinity : number(b)) || 0 :
            a.localeCompare(b);
        const pairs = rows.map((row, i) => [texts[i], row]);
        pairs.sort(([a], [b]) => down ? order(b, a) : order(a, b));
        body.append(...pairs.map(([, row]) => row));
        heads.forEach((each) => each.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      });
    });
  }
  for (const box of root.querySelectorAll('.slider')) {
    const rows = [...box.querySelectorAll('tbody tr')];
    const heads = [...box.querySelectorAll('thead tr > *')].map(value);
    const input = make('input', {type: 'range', min: 0, max: rows.length - 1, step: 1});
    const shown = make('output');
    const picture = make('div', {className: 'large'});
    input.value = Math.max(0, rows.findIndex((row) => row.className === 'chosen'));
    const show = () => {
      const row = rows[input.value];
      rows.forEach((each) => { each.className = each === row ? 'chosen' : ''; });
      const bar = row.querySelector('svg');
      picture.replaceChildren(...bar ? [bar.cloneNode(true)] : []);
      const cells = [...row.cells].map((cell, i) =>
          cell.querySelector('svg') || !value(cell) ? '' : `${heads[i]} ${value(cell)}`.trim());
      shown.textContent = cells.filter(Boolean).join(' · ');
      input.setAttribute('aria-valuetext', shown.textContent);
    };
    input.setAttribute('aria-label', heads[0]);
    input.addEventListener('input', show);
    box.before(input, picture, shown);
    show();
  }
  for (const link of root.querySelectorAll('a[href^="#"]')) {
    link.addEventListener('click', () => {
      const line = document.getElementById(link.hash.slice(1));
      if (line && line.closest('details')) line.closest('details').open = true;
    });
  }
  const reach = () => {
    for (const wide of root.querySelectorAll('.wide, pre')) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    }
  };
  reach();
  window.addEventListener('resize', reach);
}
enliven(document);
)js";

// Of the text above, as a policy names it; tests/cli/test_html.py computes it again.
inline constexpr std::string_view html_script_hash =
    "sha256-dO6d7vwaA4cuH1MY7tlD/phWvzrTmBkN32+RZ+J2wTY=";

}  // namespace whyoom::render
