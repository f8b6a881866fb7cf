"use strict";
{
  const said = document.getElementById("said");
  const say = (text) => {
    said.textContent = text;
  };
  const articles = [...document.querySelectorAll("article[data-level]")];
  const form = document.getElementById("filter");

  const wanted = (article) =>
    [...form.querySelectorAll("select")].every(
      ({ name, value }) => !value || article.dataset[name].split("\n").includes(value),
    );

  const filter = () => {
    for (const article of articles) article.hidden = !wanted(article);
    const left = articles.filter(({ hidden }) => !hidden).length;
    document.getElementById("none").hidden = left > 0;
    say(`${left} of ${articles.length} findings shown`);
  };

  const toggle = (open) => {
    for (const part of document.querySelectorAll("article:not([hidden]) details")) part.open = open;
  };

  const copy = async (code, button) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say("Copied");
      button.textContent = "Copied";
      setTimeout(() => {
        button.textContent = "Copy";
      }, 1500);
    } catch {
      getSelection().selectAllChildren(code);
      say("Selected: copy it with the keyboard");
    }
  };

  for (const pre of document.querySelectorAll("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(pre.querySelector("code"), button));
    pre.prepend(button);
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("change", filter);
    form.querySelector("[data-open]").addEventListener("click", () => toggle(true));
    form.querySelector("[data-close]").addEventListener("click", () => toggle(false));
  }
  addEventListener("beforeprint", () => toggle(true));
  // A link to a finding that the filter hides shows it again.
  addEventListener("hashchange", () => {
    const article = document.getElementById(location.hash.slice(1));
    if (article?.hidden) {
      form.reset();
      filter();
      article.scrollIntoView();
    }
  });
}
