"use strict";
// The page that travels: what is packed in it is unpacked when it is needed.
{
  const unpack = async (id) => {
    const packed = document.getElementById(`${id}-packed`).textContent;
    const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream);
  };

  // The page's policy knows the text of these scripts, and runs no other.
  const run = (text) => {
    const script = document.createElement("script");
    script.textContent = text;
    document.body.append(script);
  };

  const write = (id, text) => {
    const data = document.createElement("script");
    data.type = "application/json";
    data.id = id;
    data.textContent = text;
    document.body.append(data);
  };

  let loaded = null;
  const load = async () => run(await (await unpack("plotly")).text());

  let latest = null;
  const draw = async (explanation) => {
    const turn = {};
    latest = turn;
    for (const template of explanation.querySelectorAll("template")) {
      const drawn = document.createElement("div");
      drawn.className = "drawn";
      drawn.append(template.content.cloneNode(true));
      template.after(drawn);
    }
    loaded ??= load();
    await loaded;
    for (const chart of explanation.querySelectorAll(".chart")) {
      const id = chart.dataset.chart;
      const text = await (await unpack(id)).text();
      if (!document.getElementById(id)) write(id, text);
    }
    // Another one may have been opened meanwhile, and then its charts are drawn.
    if (latest === turn) run(document.getElementById("charts").textContent);
  };

  const failed = (explanation) => {
    for (const chart of explanation.querySelectorAll(".chart")) {
      chart.textContent = "This browser can't unpack the charts; a newer one can.";
    }
  };

  for (const button of document.querySelectorAll("button[data-download]")) {
    button.addEventListener("click", async () => {
      const link = document.createElement("a");
      const data = await (await unpack(button.dataset.download)).blob();
      link.href = URL.createObjectURL(data);
      link.download = button.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    });
  }

  const show = (explanation) => draw(explanation).catch(() => failed(explanation));
  const alone = document.querySelector("div[data-explanation]");
  if (alone) show(alone);

  // One of several is open at a time, so that its controls have their names for themselves.
  const several = [...document.querySelectorAll("details[data-explanation]")];
  for (const one of several) {
    one.addEventListener("toggle", () => {
      one.querySelectorAll(".drawn").forEach((drawn) => drawn.remove());
      if (!one.open) return;
      for (const other of several) other.open = other === one;
      show(one);
    });
  }
  const follow = () => {
    const one = several.find((each) => `#${each.id}` === location.hash);
    if (!one) return;
    one.open = true;
    one.scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  follow();
}
