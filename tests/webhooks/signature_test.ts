import { assertEquals, assertThrows } from "@std/assert";
import { checkedSecrets, signedHeaders } from "../../src/webhooks/signature.ts";
import { pure } from "../support/pure.ts";

/** Secrets and what they sign; the first is the example of Standard Webhooks. */
const VECTORS = [
  {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    at: 1_614_265_330_000,
    body: '{"test": 2432232314}',
    signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
];

for (const { secret, id, at, body, signature } of VECTORS) {
  pure(`what ${id} is signed with is known`, () => {
    assertEquals(signedHeaders(checkedSecrets("file", secret), id, at + 999, body), {
      "webhook-id": id,
      "webhook-timestamp": String(at / 1_000),
      "webhook-signature": signature,
    });
  });
}

pure("with two secrets there are two signatures, that of the first one first", () => {
  const [{ secret, id, at, body, signature }] = VECTORS as [typeof VECTORS[0]];
  const other = `whsec_${new Uint8Array(32).toBase64()}`;
  const secrets = checkedSecrets("file", `\n${other}\n${secret}\r\n`);
  const [first, second, ...more] = signedHeaders(secrets, id, at, body)["webhook-signature"]!
    .split(" ");
  assertEquals([first === signature, second, more], [false, signature, []]);
});

pure("what is no secret is refused, and not shown", () => {
  const base64 = (bytes: number) => new Uint8Array(bytes).toBase64();
  const form = "file must have whsec_ and 24 to 64 bytes in base64 in each line";
  for (
    const [text, message] of [
      ["", "file must have one or two lines, not 0"],
      ["a\nb\nc", "file must have one or two lines, not 3"],
      ["x".repeat(40), form],
      [`whsec_${base64(23)}`, form],
      [`whsec_${base64(65)}`, form],
      ["whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", form],
    ] as const
  ) assertEquals(assertThrows(() => checkedSecrets("file", text), RangeError).message, message);
});
