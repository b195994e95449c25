"use strict";
/* Draws the charts of a page with plotly.js.
 *
 * Checked in chromium: plotly.js needs no more of a content security policy than
 *   default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'
 * It builds a <style> element and style attributes, and never runs text as code. For the charts
 * used here it loads no image, font or worker.
 *
 * Names in the figures have "<", ">" and "&" as entities already: to plotly.js they are markup.
 */
(() => {
  // A chart narrower than this has its names above the bars, not beside them.
  const NARROW = 640;
  // Paper is about this wide, in CSS pixels, whatever the window is.
  const PAPER_WIDTH = 680;
  // At most this part of a chart's width is for the names beside the bars.
  const NAMES = 0.36;
  const ROW = 26;
  // Rectangles narrower than this many pixels are not drawn until a click makes them wider.
  const THINNEST = 1.5;
  const FONT = "13px system-ui, sans-serif";
  const SMALL_FONT = "12px system-ui, sans-serif";

  // The colours of the figures, and what stands for them on a dark page.
  const DARK = {
    "#d9730d": "#f0923a",
    "#2a78c2": "#5aa7ea",
    "#f2a65a": "#a4540e",
    "#86b9e8": "#235f9c",
    "#f1f1ef": "#2a3038",
    "#6b7280": "#9aa4b2",
    "#a8adb5": "#737d8a",
    "#1f2328": "#e8eaed",
    "#d5d9de": "#3a424c",
    "#ffffff": "#14181c",
    "#d7e6f5": "#1d3852",
  };

  const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: false };

  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const context = document.createElement("canvas").getContext("2d");
  let printing = false;

  const plain = (text) =>
    text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

  const entities = (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  /** How wide a text with entities is, in pixels. */
  function wide(text, font) {
    context.font = font;
    return context.measureText(plain(text)).width;
  }

  /** As much as fits of a name with entities: all, its last part, or the beginning of that. */
  function cut(text, room, font) {
    if (wide(text, font) <= room) {
      return text;
    }
    const name = plain(text);
    const last = name.slice(name.lastIndexOf(".") + 1);
    // "Strategy.execute" is told best by "…execute"; "run.<lambda>" is not by "…<lambda>".
    const told = /^\w/.test(last) ? last : name;
    if (told !== name && wide(entities(`…${told}`), font) <= room) {
      return entities(`…${told}`);
    }
    const characters = Array.from(told);
    let low = 0;
    let high = characters.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (wide(entities(characters.slice(0, middle).join("") + "…"), font) <= room) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low < 2 ? "" : entities(characters.slice(0, low).join("") + "…");
  }

  /** A text with entities in lines that fit on a telephone. */
  function wrapped(text) {
    const lines = plain(text).match(/.{1,48}/gu) || [];
    return lines.map(entities).join("<br>");
  }

  /** The value with all its colours for a dark page; other texts stay what they are. */
  function darkened(value, colour) {
    if (typeof value === "string") {
      return (colour && DARK[value]) || value;
    }
    if (Array.isArray(value)) {
      return value.map((one) => darkened(one, colour));
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, darkened(one, /color/.test(key))]),
      );
    }
    return value;
  }

  /** The page's own colour. */
  const background = () =>
    printing ? "#ffffff" : window.getComputedStyle(document.body).backgroundColor;

  /** So many marks on an axis as long as this that their texts keep apart. */
  function thin(axis, length) {
    const needed = Math.max(...axis.ticktext.map((text) => wide(text, FONT))) + 24;
    const every = Math.ceil((axis.tickvals.length * needed) / length);
    const kept = (_, index) => index % every === 0;
    axis.tickvals = axis.tickvals.filter(kept);
    axis.ticktext = axis.ticktext.filter(kept);
  }

  /** Bars with their names beside them, or above them where the page is narrow. */
  function fitWaterfall(figure, width) {
    const { layout } = figure;
    const bars = figure.data[0];
    const names = layout.yaxis.ticktext;
    const values = layout.annotations;
    const room = Math.max(...values.map((one) => wide(one.text, FONT)));
    if (width >= NARROW) {
      const shown = names.map((name) => cut(`${name} `, width * NAMES, FONT));
      layout.yaxis.ticktext = shown;
      layout.margin.r = Math.ceil(room) + 24;
      const left = Math.max(...shown.map((name) => wide(name, FONT))) + layout.margin.l;
      thin(layout.xaxis, width - left - layout.margin.r);
      return;
    }
    layout.yaxis.showticklabels = false;
    layout.yaxis.automargin = false;
    layout.yaxis.range[1] = -0.85;
    layout.margin.r = layout.margin.l;
    layout.height = 48 * names.length + 60;
    layout.xaxis.showgrid = false; // lines would cross the texts
    bars.width = 0.36;
    const inner = width - 2 * layout.margin.l;
    layout.annotations = values.flatMap((value, row) => {
      // The thin lines between the bars pass behind the texts.
      const line = { ...value, y: row - 0.42, xshift: 0, bgcolor: background() };
      const left = inner - wide(value.text, FONT) - 12;
      return [
        { ...line, x: 0, xanchor: "left", text: cut(names[row], left, FONT) },
        { ...line, x: 1, xanchor: "right" },
      ];
    });
    thin(layout.xaxis, inner);
  }

  /** A tree from the node that was clicked on, with as much text as each rectangle holds. */
  function fitIcicle(chart, figure, width) {
    const { layout } = figure;
    const trace = figure.data[0];
    const { ids, parents, values, labels, text } = trace;
    const level = chart.level;
    const levels = new Array(ids.length).fill(-1);
    levels[level] = 0;
    // A node stands after the one that holds it.
    for (let index = level + 1; index < ids.length; index += 1) {
      const above = levels[Number(parents[index])];
      if (above >= 0) {
        levels[index] = above + 1;
      }
    }
    const depth = Math.min(trace.maxdepth, Math.max(...levels) + 1);
    layout.height = ROW * depth + layout.margin.t + layout.margin.b;
    const scale = (width - layout.margin.l - layout.margin.r) / values[level];
    const seen = ids
      .map((_, index) => index)
      .filter((index) => levels[index] >= 0 && levels[index] < depth)
      .filter((index) => index === level || values[index] * scale >= THINNEST);
    const pick = (told) => seen.map(told);
    trace.ids = pick((index) => ids[index]);
    trace.parents = pick((index) => (index === level ? "" : parents[index]));
    trace.values = pick((index) => values[index]);
    trace.labels = pick((index) => labels[index]);
    trace.customdata = pick((index) =>
      [wrapped(labels[index]), text[index], trace.customdata[index]].filter(Boolean).join("<br>"),
    );
    trace.hovertemplate = "%{customdata}<extra></extra>";
    trace.texttemplate = "%{text}";
    trace.text = pick((index) => {
      const room = values[index] * scale - 14;
      if (room < 14) {
        return "";
      }
      const up = index === level && level !== 0 ? "↑ " : "";
      const marks = (chart.matches.has(index) ? "★ " : "") + up;
      // All of it, or the name with the difference, which stands last in brackets, or the name.
      const [, difference] = text[index].match(/\(([^(]*)\)$/);
      const fitting = [text[index], difference]
        .map((one) => `${marks}${labels[index]}  ${one}`)
        .find((one) => wide(one, SMALL_FONT) <= room);
      return fitting || marks + cut(labels[index], room - wide(marks, SMALL_FONT), SMALL_FONT);
    });
    const { line, colors } = trace.marker;
    const outline = layout.font.color;
    trace.marker.colors = pick((index) => colors[index]);
    if (chart.matches.size) {
      trace.marker.line = {
        width: pick((index) => (chart.matches.has(index) ? 3 : line.width)),
        color: pick((index) => (chart.matches.has(index) ? outline : line.color)),
      };
    }
  }

  function draw(chart) {
    if (!chart.div.clientWidth) {
      return; // of a view that is not shown, or no longer in the page
    }
    const width = printing ? PAPER_WIDTH : chart.div.clientWidth;
    const figure = structuredClone(
      prefersDark.matches && !printing ? chart.dark : chart.light,
    );
    figure.layout.width = width;
    if (chart.kind === "waterfall") {
      fitWaterfall(figure, width);
    } else if (chart.kind === "icicle") {
      fitIcicle(chart, figure, width);
    }
    chart.width = width;
    Plotly.react(chart.div, figure.data, figure.layout, CONFIG);
    if (chart.kind === "icicle" && !chart.listens) {
      chart.listens = true;
      chart.div.on("plotly_icicleclick", (event) => {
        const clicked = Number(event.points[0].id);
        const above = chart.light.data[0].parents[clicked];
        // What is on top already leads back to what holds it.
        zoom(chart, clicked === chart.level && above !== "" ? Number(above) : clicked);
        return false; // plotly's own zoom would keep the texts of the old widths
      });
    }
  }

  function zoom(chart, level) {
    chart.level = level;
    draw(chart);
  }

  function chartOf(div) {
    const light = JSON.parse(document.getElementById(div.dataset.chart).textContent);
    div.setAttribute("role", "img");
    div.setAttribute("aria-label", div.dataset.label || "");
    return {
      div,
      light,
      dark: darkened(light, false),
      kind: light.layout.meta,
      view: div.dataset.view,
      level: 0,
      matches: new Set(),
      width: 0,
      listens: false,
    };
  }

  /** The nodes whose name or place holds the text, and their share of the view's whole width. */
  function search(chart, text) {
    const { labels, customdata, parents, values } = chart.light.data[0];
    const wanted = text.toLowerCase();
    const matches = new Set();
    const inside = new Array(labels.length).fill(false);
    let held = 0;
    labels.forEach((label, index) => {
      const where = customdata[index].replaceAll("<br>", " ");
      inside[index] = index > 0 && inside[Number(parents[index])];
      if (index > 0 && where && plain(`${label} ${where}`).toLowerCase().includes(wanted)) {
        matches.add(index);
        // What lies in another match is in its time already.
        held += inside[index] ? 0 : values[index];
        inside[index] = true;
      }
    });
    return { matches, share: held / values[0] };
  }

  function start() {
    const charts = Array.from(document.querySelectorAll("div.chart[data-chart]"), chartOf);
    const icicles = charts.filter((chart) => chart.kind === "icicle");
    const views = Array.from(document.querySelectorAll('input[name="view"]'));
    const find = document.getElementById("find");
    const found = document.getElementById("found");
    const reset = document.getElementById("reset");
    const shown = () => icicles.find((chart) => !chart.div.hidden);
    const words = {
      before: "of the time before",
      after: "of the time after",
      gone: "of what is gone",
    };

    function look() {
      const text = find ? find.value.trim() : "";
      if (found) {
        found.textContent = "";
      }
      for (const chart of icicles) {
        const { matches, share } = text ? search(chart, text) : { matches: new Set(), share: 0 };
        chart.matches = matches;
        if (found && text && chart === shown()) {
          const places = matches.size === 1 ? "1 place" : `${matches.size} places`;
          const part = `${(100 * share).toFixed(1)} % ${words[chart.view] || "of the whole"}`;
          found.textContent = `${places}, ${part}`;
        }
      }
    }

    function switchView() {
      const checked = views.find((one) => one.checked);
      for (const chart of icicles) {
        chart.div.hidden = Boolean(checked && chart.view) && chart.view !== checked.value;
      }
      look();
      icicles.forEach(draw);
    }

    const drawAll = () => charts.forEach(draw);

    function print(now) {
      if (printing !== now) {
        printing = now;
        drawAll();
      }
    }

    views.forEach((one) => one.addEventListener("change", switchView));
    if (find) {
      find.addEventListener("input", () => {
        look();
        icicles.forEach(draw);
      });
      find.addEventListener("keydown", (event) => {
        const chart = shown();
        if (event.key === "Enter" && chart && chart.matches.size) {
          const { values } = chart.light.data[0];
          event.preventDefault();
          zoom(chart, [...chart.matches].reduce((a, b) => (values[b] > values[a] ? b : a)));
        }
      });
    }
    if (reset) {
      reset.addEventListener("click", () => icicles.forEach((chart) => zoom(chart, 0)));
    }
    prefersDark.addEventListener("change", drawAll);
    window.matchMedia("print").addEventListener("change", (event) => print(event.matches));
    window.addEventListener("beforeprint", () => print(true));
    window.addEventListener("afterprint", () => print(false));
    const observer = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        const chart = charts.find((one) => one.div === target);
        if (!printing && target.clientWidth && target.clientWidth !== chart.width) {
          draw(chart);
        }
      }
    });
    switchView();
    charts.filter((chart) => chart.kind !== "icicle").forEach(draw);
    charts.forEach((chart) => observer.observe(chart.div));
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
})();
