// Drives the head unit in Debian's Chromium as a person would: opens the page,
// waits for a picture, sees it change by itself, taps, and takes pictures.
// Reads commands, one JSON object per line, from standard input and answers
// each with one line, so that the test that starts it decides what to do.
//
//   {"do":"open","url":"http://..."}        {"ok":true}
//   {"do":"hash","x":0,"y":0,"w":1,"h":1}   {"ok":true,"hash":"..."}   part of the picture, in fractions
//   {"do":"tap","x":0.5,"y":0.9}            {"ok":true}
//   {"do":"shot","file":"a.png"}            {"ok":true}
//   {"do":"size","w":390,"h":844}           {"ok":true}
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const patience = 120000; // ms: bounds every wait; nothing is expected to take so long
const browser = await chromium.launch({
  timeout: patience,
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
page.setDefaultTimeout(patience);
const problems = [];
page.on('pageerror', e => problems.push(String(e)));
page.on('console', m => { if (m.type() === 'error') problems.push(m.text()); });

// box is where the picture stands on the page.
const box = async () => page.locator('canvas').boundingBox();

const actions = {
  open: async ({ url }) => {
    await page.goto(url);
    await page.waitForFunction(() => {
      const c = document.querySelector('canvas');
      if (!c || !c.width) return false;
      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
      const first = [d[0], d[1], d[2]].join();
      for (let i = 0; i < d.length; i += 4 * 97) if ([d[i], d[i + 1], d[i + 2]].join() !== first) return true;
      return false;
    });
    return {};
  },
  hash: async ({ x, y, w, h }) => {
    const bytes = await page.evaluate(([x, y, w, h]) => {
      const c = document.querySelector('canvas');
      const d = c.getContext('2d').getImageData(Math.round(x * c.width), Math.round(y * c.height),
        Math.round(w * c.width), Math.round(h * c.height)).data;
      let s = '';
      for (let i = 0; i < d.length; i++) s += String.fromCharCode(d[i]);
      return btoa(s);
    }, [x, y, w, h]);
    return { hash: createHash('sha256').update(bytes).digest('hex') };
  },
  tap: async ({ x, y }) => {
    const b = await box();
    await page.mouse.move(b.x + x * b.width, b.y + y * b.height);
    await page.mouse.down();
    await page.mouse.up();
    return {};
  },
  size: async ({ w, h }) => { await page.setViewportSize({ width: w, height: h }); return {}; },
  shot: async ({ file }) => { await page.screenshot({ path: file }); return {}; },
  problems: async () => ({ problems }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const cmd = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: true, ...await actions[cmd.do](cmd) }));
  } catch (e) {
    console.log(JSON.stringify({ ok: false, error: String(e) }));
  }
}
await browser.close();
