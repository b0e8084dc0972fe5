// The page of Tandem's web display. The protocol is described in the package
// comment of hmi/display/web.
'use strict';

(() => {
  const canvas = document.getElementById('picture');
  const words = document.getElementById('words');
  const ctx = canvas.getContext('2d', { alpha: false, desynchronized: true });
  const HELLO = 1, FRAME = 2, ALIVE = 3;
  const ACK = 16, TOUCH = 17, WHEEL = 18, KEY = 19, TEXT = 20, ROTATE = 21;
  const DOWN = 0, MOVE = 1, UP = 2, CANCEL = 3;
  const SILENCE = 3500; // ms without a word from the display: the connection is dead

  let socket = null;
  let image = null;  // ImageData of the whole picture
  let pixels = null; // the same as 32-bit words, A B G R
  let wait = 250;    // ms before the next attempt
  let retry = 0, watch = 0, frames = 0;

  function state(s, text) {
    document.body.dataset.state = s;
    words.textContent = text;
  }

  // ---- connection

  function connect() {
    clearTimeout(retry);
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    const s = new WebSocket(scheme + location.host + '/socket');
    s.binaryType = 'arraybuffer';
    socket = s;
    listen(10000); // for the display to answer at all
    s.onmessage = (e) => {
      if (s !== socket) return;
      listen(SILENCE);
      try {
        message(new DataView(e.data));
      } catch (err) {
        console.error(err);
        s.close(3000, 'page: ' + String(err).slice(0, 100));
      }
    };
    s.onclose = (e) => { if (s === socket) lost(e); };
  }

  function listen(ms) {
    clearTimeout(watch);
    watch = setTimeout(() => {
      const s = socket;
      socket = null;
      if (s) s.close();
      lost({ code: 0 });
    }, ms);
  }

  function lost(e) {
    socket = null;
    clearTimeout(watch);
    touches.clear();
    state('reconnecting', 'Reconnecting');
    const ms = wait * (0.75 + Math.random() / 2);
    wait = Math.min(wait * 1.7, 5000);
    retry = setTimeout(attempt, ms);
  }

  // attempt asks for the page first: a refused WebSocket does not say why.
  async function attempt() {
    clearTimeout(retry);
    try {
      const ask = new AbortController();
      const timer = setTimeout(() => ask.abort(), 5000);
      const answer = await fetch('/', { cache: 'no-store', signal: ask.signal });
      clearTimeout(timer);
      if (answer.status === 401) {
        state('unpaired', 'Not paired: open the address that tandem printed');
        return;
      }
      connect();
    } catch {
      lost({ code: 0 });
    }
  }

  function again() {
    if (!socket && document.body.dataset.state === 'reconnecting' && !document.hidden) {
      wait = 250;
      attempt();
    }
  }
  addEventListener('online', again);
  document.addEventListener('visibilitychange', again);

  function send(bytes) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(bytes);
  }

  // ---- picture

  function message(m) {
    switch (m.getUint8(0)) {
      case HELLO:
        if (m.getUint8(1) !== 1) { // another program version: take its page
          location.reload();
          return;
        }
        resize(m.getUint16(2, true), m.getUint16(4, true));
        break;
      case FRAME:
        frame(m);
        break;
      case ALIVE:
        break;
      default:
        throw new Error('unknown message ' + m.getUint8(0));
    }
  }

  function resize(w, h) {
    if (canvas.width !== w || canvas.height !== h || !image) {
      canvas.width = w;
      canvas.height = h;
      image = ctx.createImageData(w, h);
      pixels = new Uint32Array(image.data.buffer);
      pixels.fill(0xff000000);
    }
    fit();
  }

  function frame(m) {
    const seq = m.getUint32(1, true), n = m.getUint16(5, true);
    let p = 7;
    for (let i = 0; i < n; i++) {
      const x = m.getUint16(p, true), y = m.getUint16(p + 2, true);
      const w = m.getUint16(p + 4, true), h = m.getUint16(p + 6, true);
      const coding = m.getUint8(p + 8), size = m.getUint32(p + 9, true);
      p += 13;
      const b = new Uint8Array(m.buffer, m.byteOffset + p, size);
      p += size;
      if (x + w > canvas.width || y + h > canvas.height) throw new Error('rectangle outside of the picture');
      if (coding === 1) qoi(b, x, y, w, h);
      else raw(b, x, y, w, h);
      ctx.putImageData(image, 0, 0, x, y, w, h);
    }
    frames++;
    if (document.body.dataset.state !== 'live') {
      wait = 250;
      state('live', '');
    }
    document.body.dataset.frames = frames;
    const a = new DataView(new ArrayBuffer(5));
    a.setUint8(0, ACK);
    a.setUint32(1, seq, true);
    send(a.buffer);
  }

  function raw(b, x, y, w, h) {
    const stride = canvas.width;
    for (let r = 0, p = 0; r < h; r++) {
      for (let o = (y + r) * stride + x, end = o + w; o < end; o++, p += 3) {
        pixels[o] = 0xff000000 | b[p] << 16 | b[p + 1] << 8 | b[p + 2];
      }
    }
  }

  const table = new Uint32Array(64);

  function qoi(b, x, y, w, h) {
    const stride = canvas.width;
    table.fill(0);
    let R = 0, G = 0, B = 0, px = 0xff000000, p = 0, run = 0;
    for (let row = 0; row < h; row++) {
      let o = (y + row) * stride + x;
      const end = o + w;
      while (o < end) {
        if (run > 0) { // may go on from row to row
          const stop = Math.min(end, o + run);
          run -= stop - o;
          pixels.fill(px, o, stop);
          o = stop;
          continue;
        }
        const op = b[p++];
        if (op === 0xfe) {
          R = b[p]; G = b[p + 1]; B = b[p + 2];
          p += 3;
        } else if (op < 0x40) {
          px = table[op];
          R = px & 255; G = px >> 8 & 255; B = px >> 16 & 255;
          pixels[o++] = px;
          continue;
        } else if (op < 0x80) {
          R = R + (op >> 4 & 3) - 2 & 255;
          G = G + (op >> 2 & 3) - 2 & 255;
          B = B + (op & 3) - 2 & 255;
        } else if (op < 0xc0) {
          const dg = (op & 63) - 32, rb = b[p++];
          R = R + dg + (rb >> 4) - 8 & 255;
          G = G + dg & 255;
          B = B + dg + (rb & 15) - 8 & 255;
        } else {
          run = (op & 63) + 1;
          table[(R * 3 + G * 5 + B * 7 + 2805) & 63] = px;
          continue;
        }
        px = (0xff000000 | B << 16 | G << 8 | R) >>> 0;
        table[(R * 3 + G * 5 + B * 7 + 2805) & 63] = px;
        pixels[o++] = px;
      }
    }
  }

  // fit shows the picture as large as it goes, on whole device pixels.
  function fit() {
    const d = devicePixelRatio || 1;
    const scale = Math.min(innerWidth * d / canvas.width, innerHeight * d / canvas.height);
    const w = Math.round(canvas.width * scale), h = Math.round(canvas.height * scale);
    canvas.style.width = w / d + 'px';
    canvas.style.height = h / d + 'px';
    canvas.style.left = Math.round((innerWidth * d - w) / 2) / d + 'px';
    canvas.style.top = Math.round((innerHeight * d - h) / 2) / d + 'px';
    canvas.style.imageRendering = scale > 1 && Number.isInteger(scale) ? 'pixelated' : 'auto';
  }
  addEventListener('resize', fit);

  // ---- fingers

  const touches = new Map(); // pointer id -> {contact, x, y, moved}
  let moving = 0;

  function place(e) {
    const r = canvas.getBoundingClientRect();
    const part = (v) => Math.max(0, Math.min(65535, Math.round(v * 65535)));
    return [part((e.clientX - r.left) / r.width), part((e.clientY - r.top) / r.height)];
  }

  function touch(kind, t) {
    const m = new DataView(new ArrayBuffer(7));
    m.setUint8(0, TOUCH);
    m.setUint8(1, kind);
    m.setUint8(2, t.contact);
    m.setUint16(3, t.x, true);
    m.setUint16(5, t.y, true);
    send(m.buffer);
  }

  // Moves go out once a frame; a finger's other events send its last move first.
  function flush(t) {
    if (t.moved) touch(MOVE, t);
    t.moved = false;
  }

  canvas.addEventListener('pointerdown', (e) => {
    e.preventDefault();
    canvas.focus({ preventScroll: true });
    if (e.pointerType === 'mouse' && e.button !== 0 || touches.has(e.pointerId)) return;
    const used = new Set([...touches.values()].map((t) => t.contact));
    let contact = 0;
    while (used.has(contact)) contact++;
    if (contact >= 10) return;
    const [x, y] = place(e);
    const t = { contact, x, y, moved: false };
    touches.set(e.pointerId, t);
    try { canvas.setPointerCapture(e.pointerId); } catch { /* the finger has left already */ }
    touch(DOWN, t);
  });

  canvas.addEventListener('pointermove', (e) => {
    const t = touches.get(e.pointerId);
    if (!t) return;
    [t.x, t.y] = place(e);
    t.moved = true;
    if (!moving) {
      moving = requestAnimationFrame(() => {
        moving = 0;
        for (const t of touches.values()) flush(t);
      });
    }
  });

  function leave(kind) {
    return (e) => {
      const t = touches.get(e.pointerId);
      if (!t || e.type === 'pointerup' && e.pointerType === 'mouse' && e.button !== 0) return;
      touches.delete(e.pointerId);
      flush(t);
      if (kind === UP) [t.x, t.y] = place(e);
      touch(kind, t);
    };
  }
  canvas.addEventListener('pointerup', leave(UP));
  canvas.addEventListener('pointercancel', leave(CANCEL));
  canvas.addEventListener('lostpointercapture', leave(CANCEL));
  canvas.addEventListener('contextmenu', (e) => e.preventDefault());
  for (const name of ['touchstart', 'touchmove', 'gesturestart']) { // Safari
    document.addEventListener(name, (e) => e.preventDefault(), { passive: false });
  }

  canvas.addEventListener('wheel', (e) => {
    e.preventDefault();
    const unit = e.deltaMode === 1 ? 40 : e.deltaMode === 2 ? canvas.height : 1;
    const clip = (v) => Math.max(-32768, Math.min(32767, Math.round(v * unit)));
    const [x, y] = place(e);
    const m = new DataView(new ArrayBuffer(9));
    m.setUint8(0, WHEEL);
    m.setUint16(1, x, true);
    m.setUint16(3, y, true);
    m.setInt16(5, clip(e.deltaX), true);
    m.setInt16(7, clip(e.deltaY), true);
    send(m.buffer);
  }, { passive: false });

  // ---- keys

  const names = {
    'Enter': 'Return', 'ArrowLeft': 'Left', 'ArrowRight': 'Right', 'ArrowUp': 'Up', 'ArrowDown': 'Down',
    'Backspace': 'BackSpace', 'PageUp': 'Prior', 'PageDown': 'Next', ' ': 'Space',
    'Shift': 'LeftShift', 'Control': 'LeftControl', 'Alt': 'LeftAlt', 'Meta': 'LeftSuper',
  };

  function text(op, head, s) {
    const b = new TextEncoder().encode(s);
    const m = new Uint8Array(2 + head.length + b.length);
    m[0] = op;
    m.set(head, 1);
    m[1 + head.length] = b.length;
    m.set(b, 2 + head.length);
    send(m.buffer);
  }

  function key(e) {
    const down = e.type === 'keydown';
    if (e.isComposing || /^F\d+$/.test(e.key) || e.ctrlKey || e.metaKey || e.altKey) {
      if (down) return; // the browser's own; an end goes through
    }
    if (e.key === '[' || e.key === ']') {
      if (down) send(new Uint8Array([ROTATE, e.key === ']' ? 1 : 255]).buffer);
      e.preventDefault();
      return;
    }
    const one = [...e.key].length === 1;
    const name = names[e.key] || (one ? e.key.toUpperCase() : e.key);
    if (!name || name.length > 30 || name === 'Unidentified' || name === 'Dead') return;
    e.preventDefault();
    text(KEY, [down ? 1 : 0], name);
    if (down && one) text(TEXT, [], e.key);
  }
  addEventListener('keydown', key);
  addEventListener('keyup', key);

  addEventListener('dblclick', (e) => {
    if (e.target === canvas) return;
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.();
  });

  connect();
})();
