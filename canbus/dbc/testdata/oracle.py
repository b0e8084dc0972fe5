# Answers differential_test.go: one JSON request per line on stdin, one JSON
# answer per line on stdout. Everything is computed by cantools.
import json
import logging
import sys

import cantools
from cantools.database.utils import create_encode_decode_formats, decode_data

logging.disable(logging.CRITICAL)
db = None


def load(path):
    global db
    # The codecs need signals sorted by their start, the comparison of layouts
    # wants them in file order. The default encoding is cp1252 for DBC.
    try:
        with open(path, encoding="utf-8") as f:
            f.read()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    db = cantools.database.load_file(path, strict=False, encoding=encoding)
    in_order = cantools.database.load_file(path, strict=False, encoding=encoding, sort_signals=None)
    return [message(m) for m in in_order.messages]


def message(m):
    return {
        "name": m.name, "id": m.frame_id, "extended": m.is_extended_frame, "fd": m.is_fd, "len": m.length,
        "cycle": m.cycle_time or 0, "senders": m.senders, "comment": m.comment or "",
        "signals": [signal(s) for s in m.signals],
    }


def signal(s):
    return {
        "name": s.name, "start": s.start, "length": s.length, "big": s.byte_order == "big_endian",
        "signed": s.is_signed, "float": s.is_float, "scale": number(s.scale), "offset": number(s.offset),
        "min": number(s.minimum or 0), "max": number(s.maximum or 0), "unit": s.unit or "", "receivers": s.receivers,
        "comment": s.comment or "", "switch": s.is_multiplexer,
        "mux": s.multiplexer_signal or "", "ids": sorted(s.multiplexer_ids or []) if s.multiplexer_signal else [],
        "values": {str(k): str(v) for k, v in (s.choices or {}).items()},
    }


def number(v):
    v = float(v)
    return v.hex() if v == v and abs(v) != float("inf") else repr(v)


def values(d):
    return {k: number(v) if isinstance(v, float) else str(int(v)) for k, v in d.items()}


def decode(index, payload):
    m = db.messages[index]
    payload = bytes.fromhex(payload)
    try:
        raw = m.decode(payload, decode_choices=False, scaling=False)
        phys = m.decode(payload, decode_choices=False, scaling=True)
    except Exception as e:
        if "unpacking failed" not in str(e):
            return {"error": f"{type(e).__name__}: {e}"}
        raw, phys = one_by_one(m, payload)
        return {"raw": values(raw), "value": {k: number(v) for k, v in phys.items()}}
    out = {"raw": values(raw), "value": {k: number(v) for k, v in phys.items()}, "encoded": "", "encodedValue": ""}
    try:
        out["encoded"] = m.encode(raw, scaling=False, strict=False).hex()
    except Exception as e:
        out["encodeError"] = f"{type(e).__name__}: {e}"
    try:
        out["encodedValue"] = m.encode(phys, scaling=True, strict=False).hex()
    except Exception:
        pass  # values of over 53 bits, which floats round to what does not fit
    return out


def one_by_one(m, payload):
    """The codec of cantools cannot have signals that share bits or that do
    not fit in the message; each signal alone it can."""
    raw, phys = {}, {}
    for s in m.signals:
        formats = create_encode_decode_formats([s], m.length)
        try:
            raw.update(decode_data(payload, m.length, [s], formats, False, False, False, False))
            phys.update(decode_data(payload, m.length, [s], formats, False, True, False, False))
        except cantools.database.DecodeError:
            pass
    by_name = {s.name: s for s in m.signals}

    def there(s):
        if s.multiplexer_signal is None:
            return True
        parent = by_name[s.multiplexer_signal]
        return raw.get(parent.name) in s.multiplexer_ids and there(parent)

    names = [s.name for s in m.signals if s.name in raw and there(s)]
    return {n: raw[n] for n in names}, {n: phys[n] for n in names}


for line in sys.stdin:
    req = json.loads(line)
    try:
        if "load" in req:
            answer = {"version": cantools.__version__, "messages": load(req["load"])}
        else:
            answer = {"decoded": [decode(i, p) for i, p in req["decode"]]}
    except Exception as e:
        answer = {"error": f"{type(e).__name__}: {e}"[:300]}
    print(json.dumps(answer), flush=True)
