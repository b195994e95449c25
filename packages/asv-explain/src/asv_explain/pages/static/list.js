"use strict";
// The list of explanations: sorted by any column, filtered by words and verdict; what is chosen
// stands in the page's address, so that it can be linked to.
{
  const table = document.getElementById("list");
  const body = table.tBodies[0];
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const verdict = document.getElementById("verdict");
  const count = document.getElementById("count");
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const numbers = new Set(["values", "ratio", "verdict"]);
  // Where the largest or the newest is looked for first.
  const downward = new Set(["values", "ratio", "commit"]);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const shown = new Map(
    rows.map((row) => [row, row.querySelector(".verdict").lastChild.data.trim()]),
  );
  const state = { sort: "", descending: false };

  const key = (row, column) => {
    const text = row.cells[column].dataset.sort;
    if (!numbers.has(heads[column].dataset.column)) return text.toLowerCase();
    return text === "" ? null : Number(text);
  };

  const compare = (one, other) => {
    if (one === null || other === null) return (one === null) - (other === null);
    const order = typeof one === "number" ? one - other : one.localeCompare(other);
    return state.descending ? -order : order;
  };

  const sort = () => {
    const column = heads.findIndex((head) => head.dataset.column === state.sort);
    heads.forEach((head, index) => {
      if (index !== column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
    });
    // What has no value comes last, whichever way; equal ones keep the order of the page.
    const keyed = rows.map((row) => [column < 0 ? "" : key(row, column), row]);
    if (column >= 0) keyed.sort((one, other) => compare(one[0], other[0]));
    body.append(...keyed.map((one) => one[1]));
  };

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      const fits =
        (verdict.value === "" || shown.get(row) === verdict.value) &&
        wanted.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      left += fits;
    }
    count.textContent = `${left} of ${rows.length}`;
  };

  const write = () => {
    const chosen = new URLSearchParams();
    if (words.value) chosen.set("words", words.value);
    if (verdict.value) chosen.set("verdict", verdict.value);
    if (state.sort) {
      chosen.set("sort", state.sort);
      chosen.set("order", state.descending ? "down" : "up");
    }
    const fragment = chosen.toString();
    history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname);
  };

  const read = () => {
    const chosen = new URLSearchParams(location.hash.slice(1));
    words.value = chosen.get("words") ?? "";
    verdict.value = chosen.get("verdict") ?? "";
    if (verdict.selectedIndex < 0) verdict.value = "";
    state.sort = chosen.get("sort") ?? "";
    state.descending = chosen.get("order") === "down";
    sort();
    filter();
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const name = head.dataset.column;
      state.descending = state.sort === name ? !state.descending : downward.has(name);
      state.sort = name;
      sort();
      write();
    });
  }
  for (const field of [words, verdict]) {
    field.addEventListener("input", () => {
      filter();
      write();
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", read);
  form.hidden = false;
  read();
}
