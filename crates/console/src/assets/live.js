// Keeps an open page up to date, and is not needed to read one: when the site's state has changed, the
// page is fetched again and what lies in [data-live] is put in place of what was there.
"use strict";

(() => {
  const first = document.querySelector("[data-live]");
  if (!first || !window.EventSource) return;
  const usable = "a[href], button, input, select, textarea, summary, [tabindex]";
  const name = (one) => one.id || one.getAttribute("href");
  let busy = false;
  let again = false;

  const refresh = async () => {
    if (document.hidden) { again = true; return; }
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "error" });
      if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const other = fresh.getElementById(part.id);
        // What somebody is typing into stays as it is.
        if (!other || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
        if (part.innerHTML === other.innerHTML) continue;
        const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
        // The keyboard stays where it is: at what leads to the same, or else at the same place.
        const before = [...part.querySelectorAll(usable)];
        const at = before.indexOf(document.activeElement);
        const wanted = at < 0 ? null : name(before[at]);
        part.replaceChildren(...other.childNodes);
        for (const id of open) { const one = id && document.getElementById(id); if (one) one.open = true; }
        if (at >= 0) {
          const after = [...part.querySelectorAll(usable)];
          const same = after[at] && name(after[at]) === wanted ? after[at] : after.find((one) => name(one) === wanted);
          (same || after[Math.min(at, after.length - 1)])?.focus({ preventScroll: true });
        }
      }
    } catch { /* the stream says when it is back */ } finally {
      busy = false;
      if (again && !document.hidden) { again = false; setTimeout(refresh, 500); }
    }
  };

  const line = document.getElementById("line");
  const say = (lost) => { if (line) line.hidden = !lost; };
  const news = new EventSource("/live");
  news.addEventListener("change", refresh);
  news.addEventListener("open", () => say(false));
  news.addEventListener("error", () => say(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) { again = false; refresh(); } });
})();
