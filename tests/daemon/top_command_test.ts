import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { runTop, takeTopOrder, TOP_HELP } from "../../src/daemon/top_command.ts";
import { ServerProcess } from "../../bench/server_process.ts";
import { findProgram, PERMITTED } from "../support/permissions.ts";
import { pure } from "../support/pure.ts";
import { until } from "../support/waiting.ts";

const SERVER = new URL("../../server.ts", import.meta.url).href;
const TOKEN = "0123456789abcdef0123456789abcdef";

pure("top looks at the usual port twice a minute thirty times, unless told otherwise", () => {
  assertEquals(takeTopOrder([]), {
    from: "127.0.0.1:9765",
    apiTokenFile: undefined,
    seconds: 2,
  });
  assertEquals(takeTopOrder(["--ops", "[::1]:80", "--seconds=5", "--api-token-file", "t"]), {
    from: "[::1]:80",
    apiTokenFile: "t",
    seconds: 5,
  });
  assertEquals(takeTopOrder(["-h"]), "help");
  for (const args of [["x"], ["--ops=off"], ["--seconds=0"], ["--seconds=x"], ["--ops="]]) {
    assertThrows(() => takeTopOrder(args), RangeError);
  }
  for (const flag of ["--ops", "--api-token-file", "--seconds"]) assert(TOP_HELP.includes(flag));
});

Deno.test("where nobody answers, top says so in one line", { ignore: !PERMITTED }, async () => {
  const order = { from: "127.0.0.1:1", apiTokenFile: undefined, seconds: 1 };
  const { message } = await assertRejects(() => runTop(order), Error);
  assertEquals(message.startsWith("Cannot reach http://127.0.0.1:1: "), true);
});

/** Runs a server with an API, and `test` with its port for operators and the file of its token. */
async function withServer(test: (ops: string, token: string) => Promise<void>): Promise<void> {
  const token = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(token, TOKEN);
    await using server = await ServerProcess.start({
      args: ["--ops", "127.0.0.1:0", "--log-level", "debug", "--api-token-file", token],
    });
    await until(() => /ops url=/.test(server.stdout), "no port for operators");
    const ops = new URL(/ops url="(\S+)"/.exec(server.stdout)![1]!).host;
    await fetch(`http://${ops}/api/v1/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "Lobby" }),
    }).then((answer) => answer.body?.cancel());
    await test(ops, token);
  } finally {
    await Deno.remove(token);
  }
}

Deno.test(
  "into a pipe, top prints one screen",
  { ignore: !PERMITTED },
  () =>
    withServer(async (ops, token) => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--quiet", SERVER, "top", "--ops", ops],
          ...["--api-token-file", token, "--seconds", "1"],
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const lines = new TextDecoder().decode(stdout).split("\n");
      assertEquals([code, lines[0]?.slice(0, 7), lines.at(-2)?.slice(-5)], [0, "Parley ", "Lobby"]);
      assertEquals(lines.some((line) => line.includes("\x1b")), false);
    }),
);

Deno.test("in a terminal, top shows rooms until q is pressed, and leaves all as it was", {
  ignore: findProgram("python3") === undefined,
}, () =>
  withServer(async (ops, token) => {
    const child = new Deno.Command("python3", {
      args: [
        ...["tests/testdata/pseudo_terminal.py", "80", Deno.execPath(), "run", "-A", "--quiet"],
        ...[SERVER, "top", "--ops", ops, "--api-token-file", token, "--seconds", "1"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    let screen = "";
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) screen += text;
    })();
    await until(() => screen.includes("Lobby"), () => screen);
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("q"));
    await writer.close();
    const { code } = await child.status;
    await reading;
    assertEquals(code, 0);
    assert(screen.startsWith("\x1b[?1049h") && screen.endsWith("\x1b[?25h\x1b[?1049l"), screen);
    assertEquals(screen.includes("\x1b[1m"), false);
  }));
