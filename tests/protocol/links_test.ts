import { assertEquals } from "@std/assert";
import { encodeCaveat, encodeLink, MAX_LINK_CHARS, readLink } from "../../src/protocol/links.ts";
import { termsOf } from "../../src/protocol/links.ts";
import { pure } from "../support/pure.ts";

const signature = "0123456789abcdefghjkmnpqrstvwxyz";

pure("a link is read as it was written", () => {
  const link = { id: "k3", caveats: ["role=member", "to=Ana%2EM"], signature };
  assertEquals(readLink(encodeLink(link)), link);
  assertEquals(termsOf(link), {
    ...{ id: "k3", role: "member", until: undefined, uses: new Map(), to: ["Ana.M"] },
  });
});

pure("what cannot be a link is none", () => {
  const wrong = ["", ".", "k3", `K3.${signature}`, `k3.${signature}x`, `k3.${signature.slice(1)}`];
  for (const text of wrong) assertEquals(readLink(text), undefined, text);
  const long = `k3.to=${"a".repeat(MAX_LINK_CHARS)}.${signature}`;
  assertEquals(readLink(long), undefined);
});

pure("no caveat has a character that ends it, or that URLs have a word for", () => {
  const to = "a.b=c#d?e/f&g%h i\u{1F600}~!'()*";
  const caveat = encodeCaveat({ to });
  assertEquals(/[.=#?/& ]/.test(caveat.slice("to=".length)), false);
  assertEquals(termsOf({ id: "k3", caveats: [caveat] })?.to, [to]);
});
