// What a page cannot do by itself: put something on the clipboard, and show what goes on meanwhile.
// Everything else works without.
"use strict";

// Copies `text` (or what the promise brings) within the click that asked for it.
async function copy(text) {
  if (typeof ClipboardItem === "function" && navigator.clipboard.write) {
    const blob = Promise.resolve(text).then((value) => new Blob([value], { type: "text/plain" }));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  }
  return navigator.clipboard.writeText(await text);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const words = button.textContent;
    try {
      await copy(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    document.getElementById("said").textContent = button.textContent;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

// A second click while the first is under way does nothing a second time.
const underWay = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (underWay.has(form)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  underWay.add(form);
  // Whoever comes back to the page may send it again, and so may who stopped it.
  window.addEventListener("pageshow", () => underWay.delete(form), { once: true });
  setTimeout(() => underWay.delete(form), 5000);
}, { capture: true });

// A link is copied by the very click that creates it.
for (const form of document.querySelectorAll("form[data-create-link]")) {
  form.addEventListener("submit", (event) => {
    if (!navigator.clipboard) return;
    event.preventDefault();
    const sent = fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    }).then((answer) => {
      if (answer.ok) return answer.json();
      if (answer.status >= 500) throw new Error("it may have happened");
      // A refusal made nothing, and is shown by the page itself: the form goes the ordinary way.
      form.submit();
      return new Promise(() => {});
    });
    // Without an answer the link may be there; the list tells, and sending again would make two.
    sent.catch(() => location.assign(form.action.replace(/\/new$/, "")));
    const copied = copy(sent.then((link) => link.url)).then(() => true, () => false);
    Promise.all([sent, copied]).then(([link, done]) => {
      location.assign(done ? `${link.page}?copied=yes` : link.page);
    }, () => {});
  });
}

// A part of the page that goes on: the server says what stands there now, and when the rest is old.
for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("batch", (event) => { part.innerHTML = event.data; });
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
  // What was refused for good is not asked for again by itself: the page is, and says why.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
  });
  window.addEventListener("pagehide", () => source.close());
}
