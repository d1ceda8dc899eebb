// The pages of the sample plans in a real browser: nothing is loaded, run or cut off, an
// accessibility checker finds nothing, and they can be read in any light, on paper, and on a phone.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const plans = process.env.PLANS;
const shots = process.env.SCREENSHOTS;
const names = readdirSync(plans).sort();
const views = {
  light: { width: 1200, height: 900, media: { colorScheme: "light" } },
  dark: { width: 1200, height: 900, media: { colorScheme: "dark" } },
  narrow: { width: 360, height: 740, media: { colorScheme: "light" } },
  print: { width: 794, height: 1123, media: { media: "print", colorScheme: "light" } },
};

let profile, browser;
before(async () => {
  mkdirSync(shots, { recursive: true });
  profile = mkdtempSync(join(tmpdir(), "hubjobs-browser-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    // The checker is let in by the browser; the pages themselves run without scripts further down.
    bypassCSP: true,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
});
after(async () => {
  await browser?.close();
  rmSync(profile, { recursive: true, force: true });
});

async function open(name, view) {
  const page = await browser.newPage();
  const troubles = [];
  page.on("console", (message) => troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("dialog", (dialog) => troubles.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => request.url().endsWith("plan.html") || troubles.push(`asks for ${request.url()}`));
  await page.setViewportSize({ width: view.width, height: view.height });
  await page.emulateMedia(view.media);
  await page.goto(pathToFileURL(join(plans, name, "plan.html")).href);
  return { page, troubles };
}

// A page that shows nothing is one colour.
async function colours(page, png) {
  return page.evaluate(async (data) => {
    const image = new Image();
    image.src = data;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: Math.min(image.height, 800) });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < pixels.length; at += 4) seen.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
    return seen.size;
  }, `data:image/png;base64,${png.toString("base64")}`);
}

for (const name of names) {
  describe(name, () => {
    for (const [way, view] of Object.entries(views)) {
      test(`${way}: whole, calm, accessible`, async () => {
        const { page, troubles } = await open(name, view);
        const png = await page.screenshot({ path: join(shots, `${name}-${way}.png`), fullPage: true });
        const { width, scroll } = await page.evaluate(() => ({
          width: document.documentElement.clientWidth,
          scroll: document.documentElement.scrollWidth,
        }));
        assert.deepEqual(troubles, []);
        assert.ok(scroll <= width, `it is ${scroll} wide, and the window ${width}`);
        assert.equal(await page.locator("h1").count(), 1);
        assert.ok(await page.locator("h1").isVisible());
        await page.evaluate(axe);
        // Only what a reader of the whole page meets: all that is folded is unfolded first.
        await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        const found = violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
        assert.deepEqual(found, []);
        assert.ok((await colours(page, png)) > 20, "it shows more than a blank page");
        await page.close();
      });
    }
  });
}

test("hostile data is text, also in a browser that allows everything", async () => {
  const { page, troubles } = await open("hostile", views.light);
  assert.deepEqual(troubles, []);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll("script, img, iframe, form, a:not(.skip), h1 ~ h1")].map((part) => part.outerHTML)), []);
  assert.ok((await page.locator("body").innerText()).includes("<script>alert(1)</script>"));
  await page.close();
});

test("the policy of the page lets its style in, and nothing else", async () => {
  const strict = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  try {
    const context = await strict.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const troubles = [];
    page.on("console", (message) => troubles.push(message.text()));
    await page.goto(pathToFileURL(join(plans, "findings", "plan.html")).href);
    assert.deepEqual(troubles, []);
    assert.ok(await page.getByText("would reach 9 800 devices").first().isVisible(), "it is read without scripts");
    const header = await page.locator("header").boundingBox();
    assert.ok(header.width > 600 && header.y < 100, "the style applies");
    await page.keyboard.press("Tab");
    assert.ok(await page.locator(".skip:focus").isVisible(), "the first stop skips to the plan");
  } finally {
    await strict.close();
  }
});

test("paper shows what is folded", async () => {
  const { page } = await open("findings", views.print);
  assert.equal(await page.locator("details:not([open])").count() > 0, true);
  const hidden = await page.evaluate(() =>
    [...document.querySelectorAll("details:not([open]) > :not(summary)")].filter((part) => part.getBoundingClientRect().height === 0).length);
  assert.equal(hidden, 0);
  await page.close();
});
