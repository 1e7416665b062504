import { assertEquals, assertThrows } from "@std/assert";
import { type Dialect, messageTemplate, mostTogether } from "../../bench/dialects.ts";
import { clientFrame, readDigits, readFrames, writeDigits } from "../../bench/frames.ts";

function pure(name: string, fn: () => void): void {
  Deno.test({ name, permissions: "none", fn });
}

/** A server frame: as a client's, but not masked. */
function serverFrame(text: string): Uint8Array {
  const frame = clientFrame(text);
  const header = frame.length - text.length - 4;
  frame[1] = frame[1]! & 0x7f;
  return new Uint8Array([...frame.subarray(0, header), ...frame.subarray(header + 4)]);
}

function textsIn(bytes: Uint8Array): { texts: string[]; end: number } {
  const texts: string[] = [];
  const end = readFrames(bytes, { from: 0, to: bytes.length }, {
    data: (from, to) => void texts.push(new TextDecoder().decode(bytes.subarray(from, to))),
    control: (opcode) => void texts.push(`opcode ${opcode}`),
  });
  return { texts, end };
}

pure("client frames are those of RFC 6455, with a mask of zero", () => {
  assertEquals([...clientFrame("Hi")], [0x81, 0x82, 0, 0, 0, 0, 0x48, 0x69]);
  assertEquals([...clientFrame("x".repeat(300)).subarray(0, 4)], [0x81, 0xfe, 1, 44]);
  assertThrows(() => clientFrame("x".repeat(70_000)), RangeError);
});

pure("frames are read whole, and the rest is left for later, wherever it is cut", () => {
  const long = "y".repeat(200);
  const all = new Uint8Array([...serverFrame("one"), ...serverFrame(long), ...serverFrame("")]);
  assertEquals(textsIn(all), { texts: ["one", long, ""], end: all.length });
  for (let cut = 0; cut < all.length; cut++) {
    const first = textsIn(all.slice(0, cut));
    const second = textsIn(all.slice(first.end));
    assertEquals([...first.texts, ...second.texts], ["one", long, ""], `cut at ${cut}`);
  }
});

pure("a frame of 64 KiB and more has its length in eight bytes", () => {
  const frame = new Uint8Array(10 + 70_000);
  frame.set([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
  assertEquals(textsIn(frame).texts[0]?.length, 70_000);
});

pure("control frames are told apart", () => {
  assertEquals(textsIn(new Uint8Array([0x89, 0, ...serverFrame("a")])).texts, ["opcode 9", "a"]);
});

pure("digits are written and read in place", () => {
  const bytes = new Uint8Array(8);
  writeDigits(bytes, 1, { value: 10_450, digits: 7, fill: 0x30 });
  assertEquals(readDigits(bytes, 1, 7), 10_450);
  writeDigits(bytes, 1, { value: 45, digits: 7, fill: 0x20 });
  assertEquals(new TextDecoder().decode(bytes.subarray(1)), "     45");
});

pure("a message stays JSON in every dialect when its digits change", () => {
  for (const dialect of ["parley", "name", "socket.io"] satisfies Dialect[]) {
    const { frame, stampAt, nAt, nDigits } = messageTemplate(dialect, {
      roomId: "r",
      payload: 64,
      count: 1,
    });
    writeDigits(frame, stampAt, { value: 123, digits: 12, fill: 0x30 });
    if (nDigits > 0) writeDigits(frame, nAt, { value: 7, digits: nDigits, fill: 0x20 });
    const text = new TextDecoder().decode(frame);
    const json = JSON.parse(text.slice(text.search(/\[|\{/)));
    const message = Array.isArray(json) ? json[1] : json;
    assertEquals(message.body.length, 64);
    assertEquals(message.body.slice(0, 13), "@000000000123");
    if (dialect === "parley") assertEquals([message.n, message.room_id], [7, "r"]);
  }
});

pure("what one client says at once to Parley is one frame, each message with its own time", () => {
  const together = { roomId: "r", payload: 20, count: 3 };
  const { frame, stampAt, stride, nAt, nDigits } = messageTemplate("parley", together);
  writeDigits(frame, nAt, { value: 7, digits: nDigits, fill: 0x20 });
  for (let i = 0; i < 3; i++) {
    writeDigits(frame, stampAt + i * stride, { value: 10 + i, digits: 12, fill: 0x30 });
  }
  const text = new TextDecoder().decode(frame);
  assertEquals(JSON.parse(text.slice(text.indexOf("{"))), {
    action: "messages",
    room_id: "r",
    n: 7,
    body: ["@000000000010abcdefg", "@000000000011abcdefg", "@000000000012abcdefg"],
  });
  assertEquals(["parley", "name", "socket.io"].map((d) => mostTogether(d as Dialect, 64)), [
    256,
    1,
    1,
  ]);
  assertEquals(mostTogether("parley", 60_000), 1);
});
