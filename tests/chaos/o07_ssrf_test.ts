import { assert, assertEquals } from "@std/assert";
import { mayMakeNamespaces, Mirrored } from "./netns.ts";
import { report } from "./setting.ts";

const PROGRAM = new URL("ssrf_program.ts", import.meta.url).pathname;

Deno.test(
  "O7 webhooks reach no address that is not public, however it is written",
  { ignore: !await mayMakeNamespaces() },
  async () => {
    await using space = await Mirrored.make();
    const [program = "", ...args] = [...space.within, Deno.execPath(), "run", "-A", PROGRAM];
    const { stdout, stderr } = await new Deno.Command(program, { args }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text.startsWith("{"), new TextDecoder().decode(stderr));
    const outcome = JSON.parse(text);
    report("O7", "addresses, names, redirects and tricks, where every address leads back here", {
      tried: outcome.tried,
      "URLs refused at the start": outcome.refused,
      "requests to private addresses": outcome.private.length,
    });
    assertEquals(outcome.private, []);
    assertEquals(outcome.controls, []);
    assert(outcome.tried >= 40);
  },
);
