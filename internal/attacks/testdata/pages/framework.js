// Uses a framework's page as a user does.
"use strict";

const text = (selector) => document.querySelector(selector)?.textContent ?? "nothing";
const problems = [];
addEventListener("error", (e) => problems.push(e.message));
addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)));
addEventListener("securitypolicyviolation", (e) => problems.push(`${e.effectiveDirective} ${e.blockedURI}`));

lab.attack("it renders and calls", async () => {
  await lab.until(() => (text("#count") === "counted" ? true : undefined), 8000);
  const facts = { heading: text("h1"), items: String(document.querySelectorAll(".item").length), count: text("#count"), markup: text("#markup b") };
  if (facts.count !== "counted") return { ...facts, problems: problems.join("; ") };
  const input = document.querySelector("input");
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, "typed");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await lab.sleep(50);
  document.getElementById("echo").click();
  await lab.until(() => (text("#answer") !== "" ? true : undefined));
  facts.echo = text("#answer");
  document.getElementById("vault").click();
  await lab.until(() => (text("#answer") !== facts.echo ? true : undefined));
  facts.vault = text("#answer");
  facts.weight = document.querySelector("h1").style.fontWeight;
  facts.problems = problems.join("; ");
  return facts;
});
