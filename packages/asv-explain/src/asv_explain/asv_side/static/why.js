/* The tab "Explanations" on asv's pages, and a "why?" link wherever a step is explained.
   Loaded by asv's index.html after its own scripts; what it shows is text, never markup. */
"use strict";

$(document).ready(function () {
    const FOLDER = "explanations/";
    /* The same machine counts for more than all parts of an environment's name together. */
    const SAME_MACHINE = 100;
    /* The same range counts for more than that. */
    const SAME_RANGE = 1000;
    const SHORT_HASH = 8;

    /* The explanations, each with the revisions that asv gives its two commits. */
    let rows = [];

    function element(name, text, attributes) {
        const made = document.createElement(name);
        made.textContent = text || "";
        Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
        return made;
    }

    function fullName(row) {
        return row.benchmark + (row.params.length ? "(" + row.params.join(", ") + ")" : "");
    }

    function step(row) {
        return row.before.slice(0, SHORT_HASH) + " → " + row.after.slice(0, SHORT_HASH);
    }

    function inWords(row) {
        const ratio = row.ratio === null ? "" : ", " + row.ratio.toPrecision(3) + " times";
        return step(row) + ", " + row.verdict + ratio;
    }

    function link(row) {
        return element("a", "why?", {
            "class": "why",
            "href": FOLDER + row.page,
            "title": row.headline,
            "aria-label": "why? " + fullName(row) + " " + inWords(row),
        });
    }

    /* asv's revisions count commits from the oldest on; what it has no results of has none. A range
       that was narrowed to a commit stands where the range does. */
    function placeRows() {
        const revisions = new Map();
        Object.entries($.asv.main_json.revision_to_hash).forEach(
            ([revision, hash]) => revisions.set(hash, Number(revision)));
        rows.forEach((row) => {
            row.first = revisions.get(row.range.before);
            row.last = revisions.get(row.range.after);
        });
    }

    /* What an address of asv's chooses of machines and the like; what it leaves out is all there
       is. */
    function chosen(address) {
        return {...$.asv.main_json.params, ...$.asv.parse_hash_string(address).params};
    }

    /* How well an explanation's machine and environment fit what a page of asv's shows. asv puts
       the name of an environment together from its parts: virtualenv-py3.11-numpy1.26. */
    function fit(row, params) {
        let points = 0;
        Object.entries(params).forEach(([key, values]) => {
            if (key === "machine") {
                points += values.includes(row.machine) ? SAME_MACHINE : 0;
            } else {
                const name = key === "python" ? "py" : key;
                points += values.some((one) => one && row.environment.includes(name + one)) ? 1 : 0;
            }
        });
        return points;
    }

    /* The explanation that answers a step best: "a-b" as asv links it, or "b" alone where there is
       one commit in it, and so no result of asv's between the two. */
    function explaining(name, commits, params) {
        const hashes = commits.split("-");
        const numbers = hashes.map((hash) => Number($.asv.get_revision(hash)));
        const last = numbers[numbers.length - 1];
        const earlier = Object.keys($.asv.main_json.revision_to_hash)
            .map(Number).filter((one) => one < last);
        const first = numbers.length > 1 ? numbers[0] : Math.max(...earlier);
        let best = null;
        let most = -1;
        rows.forEach((row) => {
            if (fullName(row) !== name || !(row.first >= first && row.last <= last)) {
                return;
            }
            const same = row.first === first && row.last === last ? SAME_RANGE : 0;
            if (same + fit(row, params) > most) {
                best = row;
                most = same + fit(row, params);
            }
        });
        return best;
    }

    /* One explanation for each step of a benchmark, the one that fits best, the newest step first;
       what asv has no results of comes last. */
    function steps(chosen, params) {
        const best = new Map();
        chosen.forEach((row) => {
            const key = JSON.stringify([fullName(row), row.before, row.after]);
            if (!best.has(key) || fit(row, params) > fit(best.get(key), params)) {
                best.set(key, row);
            }
        });
        const place = (row) => (row.last === undefined ? -1 : row.last);
        return [...best.values()].sort((a, b) => place(b) - place(a));
    }

    function decorateRegressions() {
        const body = document.getElementById("regressions-body");
        if (!body.querySelector("table") || body.querySelector(".why-rest")) {
            return;
        }
        placeRows();
        const shown = new Set();
        body.querySelectorAll("tbody tr").forEach((line) => {
            const named = line.querySelector("td a");
            const params = chosen(named.getAttribute("href"));
            params.commits.forEach((commits) => {
                const row = explaining(named.textContent, commits, params);
                if (row) {
                    line.children[2].append(" ", link(row));
                    shown.add(fullName(row) + step(row));
                }
            });
        });
        const slower = rows.filter((row) => row.verdict === "slower");
        const rest = steps(slower, chosen("")).filter((row) => !shown.has(fullName(row) + step(row)));
        const section = element("section", "", {"class": "why-rest"});
        if (rest.length) {
            const list = element("ul");
            rest.forEach((row) => {
                const item = element("li", fullName(row) + " " + inWords(row) + " ");
                item.append(link(row));
                list.append(item);
            });
            section.append(
                element("h4", "Other steps explained"),
                element("p", "The table holds what is slower to this day; these steps are in no row of it."),
                list);
        }
        body.append(section);
    }

    function decorateGraph() {
        const navigation = document.getElementById("graphdisplay-navigation");
        navigation.querySelectorAll(".why-panel").forEach((old) => old.remove());
        placeRows();
        const place = $.asv.parse_hash_string(window.location.hash);
        const found = steps(
            rows.filter((row) => row.benchmark === place.location[0]),
            chosen(window.location.hash));
        if (!found.length) {
            return;
        }
        const panel = element("div", "", {"class": "panel panel-default why-panel"});
        const list = element("div", "", {"class": "panel-body"});
        found.forEach((row) => {
            const params = row.params.length ? " (" + row.params.join(", ") + ")" : "";
            const line = element("p", inWords(row) + params + " ");
            line.append(link(row));
            list.append(line);
        });
        panel.append(element("div", "explanations", {"class": "panel-heading"}), list);
        navigation.prepend(panel);
    }

    /* asv sets the title last of all whenever it shows a graph, and fills the table of regressions
       anew whenever it shows that. */
    function watch() {
        const title = document.getElementById("title");
        const body = document.getElementById("regressions-body");
        new MutationObserver(decorateGraph).observe(title, {childList: true});
        new MutationObserver(decorateRegressions).observe(body, {childList: true});
        if ($.asv.main_json.revision_to_hash) {
            decorateGraph();
            decorateRegressions();
        }
    }

    function addTab() {
        const tab = element("li", "", {"id": "nav-li-explanations"});
        tab.append(element("a", "Explanations", {"href": FOLDER + "index.html"}));
        document.getElementById("nav-li-regressions").after(tab);
        /* The name under which asv lists the page leads to it as well, and Back leads past it. */
        $.asv.register_page("explanations", function () {
            window.location.replace(FOLDER + "index.html");
        });
    }

    addTab();
    fetch(FOLDER + "index.json", {cache: "no-cache"})
        .then((answer) => answer.json())
        .then((found) => {
            rows = found;
            watch();
        });
});
