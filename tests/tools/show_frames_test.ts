import { assert, assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";

Deno.test("show_frames shows what the terminal chat and its server say", async () => {
  await using server = new TestChat();
  const preload = ["--preload", "tools/show_frames.ts"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...preload, "--allow-net", "cli.ts", "--url", server.url],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob(["hello \u202e\n"]).stream().pipeTo(child.stdin);
  const { code, stderr } = await child.output();
  const lines = new TextDecoder().decode(stderr).trimEnd().split("\n");
  const shown = lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ""));
  assertEquals(code, 0, lines.join("\n"));
  assert(shown[0]?.startsWith('> {"action":"hello"'), shown[0]);
  assert(shown[1]?.startsWith('< {"status":"connected"'), shown[1]);
  const said = shown.filter((line) => line.includes('"body":"hello \\u202e"'));
  assertEquals(said.map((line) => line[0]), [">", "<"]);
});
