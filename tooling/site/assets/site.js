// Everything can be read without this script: it remembers, copies and searches.

const LANGUAGE = "sample-language";

function remembered() {
  try {
    return localStorage.getItem(LANGUAGE);
  } catch {
    return null; // Storage is closed to pages from files.
  }
}

function choose(language) {
  for (const input of document.querySelectorAll(".samples input")) {
    input.checked = input.value === language;
  }
  try {
    localStorage.setItem(LANGUAGE, language);
  } catch {
    // Then it is chosen for this page alone.
  }
}

function offerLanguages() {
  const last = remembered();
  if (last && document.querySelector(`.samples input[value="${CSS.escape(last)}"]`)) choose(last);
  document.addEventListener("change", ({ target }) => {
    if (!target.matches(".samples input")) return;
    const before = target.getBoundingClientRect().top;
    choose(target.value);
    // The samples above may have become longer: what was clicked stays where it is.
    scrollBy({ top: target.getBoundingClientRect().top - before, behavior: "instant" });
  });
}

function offerCopies() {
  for (const block of document.querySelectorAll(".sample .code, .commands")) {
    const button = document.createElement("button");
    button.className = "copy";
    button.textContent = "Copy";
    const source = block.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source);
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 1500);
    });
    block.prepend(button);
  }
}

function offerSearch(form) {
  form.querySelector(".needs-script").hidden = false;
  const traps = [...document.querySelectorAll(".trap")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
    area: element.closest(".area").dataset.area,
  }));
  const look = () => {
    const area = form.area.value;
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, text, area: own } of traps) {
      const fits = (area === "all" || area === own) && words.every((word) => text.includes(word));
      element.hidden = !fits;
      shown += fits;
    }
    for (const section of document.querySelectorAll(".area")) {
      section.hidden = !section.querySelector(".trap:not([hidden])");
    }
    form.querySelector("[role=status]").textContent = `${shown} of ${traps.length} traps`;
  };
  form.addEventListener("input", look);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => {
    if (document.querySelector(":target")?.closest("[hidden]")) {
      form.reset();
      look();
      document.querySelector(":target").scrollIntoView();
    }
  });
  look();
}

function foldContents() {
  const contents = document.querySelector(".contents");
  const wide = matchMedia("(min-width: 64rem)");
  const fold = () => {
    contents.open = wide.matches;
    // What stands above the place that the address names has changed its height.
    document.querySelector(":target")?.scrollIntoView();
  };
  wide.addEventListener("change", fold);
  fold();
}

offerLanguages();
if (navigator.clipboard) offerCopies();
const filter = document.querySelector(".filter");
if (filter) offerSearch(filter);
if (document.querySelector(".contents")) foldContents();
