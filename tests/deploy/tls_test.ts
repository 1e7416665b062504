import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { httpsClient, makeCertificate, OPENSSL } from "../support/fronts.ts";
import { permitted, runServer } from "../support/server_process.ts";
import { bounded, until } from "../support/waiting.ts";

/** The server with a certificate for `localhost`, which may read the folder that it is in. */
function withCertificate(folder: string, port = "0") {
  const server = permitted([
    ...["--port", port, "--ops", "off", "--hostname", "127.0.0.1"],
    ...["--cert", `${folder}/chat.crt`, "--key", `${folder}/chat.key`],
  ]);
  const args = server.args.map((arg) => arg.startsWith("--allow-read") ? `${arg},${folder}` : arg);
  return { ...server, args };
}

/** Talks to a server over TLS with the client in a process of its own, which trusts only the certificate there. */
async function talk(folder: string, url: string): Promise<string> {
  const client = new URL("../../client.ts", import.meta.url).href;
  const program = `
    import { connect } from ${JSON.stringify(client)};
    const chat = await connect(${JSON.stringify(url)}, { name: "Ana" });
    const room = await chat.createRoom("Lobby");
    await room.send("over TLS");
    for await (const { body } of room) {
      console.log(body);
      break;
    }
    await chat.close();
  `;
  await Deno.writeTextFile(`${folder}/talk.ts`, program);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const talking = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--cert", `${folder}/chat.crt`, "--config", config, "talk.ts"],
    cwd: folder,
  }).output();
  const { stdout, stderr } = await bounded(talking, () => "the client does not end");
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("a server with a certificate speaks TLS by itself, and prints wss", {
  ignore: OPENSSL === undefined,
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await makeCertificate(folder);
    await using server = await ServerProcess.start(withCertificate(folder));
    assertEquals(server.url, `wss://127.0.0.1:${server.port}`);
    assertStringIncludes(server.stdout, `To chat, open https://127.0.0.1:${server.port}`);
    for (const version of [1, 2] as const) {
      using client = await httpsClient(folder, version);
      const health = await fetch(`https://localhost:${server.port}/healthz`, { client });
      assertEquals([health.status, await health.text()], [200, "ok\n"]);
    }
    assertEquals(await talk(folder, `wss://localhost:${server.port}`), "over TLS\n");
    // Nobody is answered who does not speak TLS.
    const plain = await fetch(`http://127.0.0.1:${server.port}/healthz`).catch(() => undefined);
    assertEquals(plain, undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("at SIGHUP a server takes a new certificate, and people come back by themselves", {
  ignore: OPENSSL === undefined,
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await makeCertificate(folder);
    await using server = await ServerProcess.start(withCertificate(folder));
    const { port } = server;
    const isAnswered = async () => {
      using client = await httpsClient(folder);
      return await fetch(`https://localhost:${port}/healthz`, { client }).then(
        async (answer) => await answer.text() === "ok\n",
        () => false,
      );
    };
    assertEquals(await isAnswered(), true);
    const [cert, key] = [`${folder}/chat.crt`, `${folder}/chat.key`];
    const good = await Deno.readTextFile(cert);
    await Deno.writeTextFile(cert, "broken");
    server.kill("SIGHUP");
    await until(() => server.output.includes('not reloaded what="certificate"'), "it is taken");
    await Deno.writeTextFile(cert, good);
    assertEquals(await isAnswered(), true);
    await Deno.remove(key);
    await makeCertificate(folder);
    assertEquals(await isAnswered(), false);
    server.kill("SIGHUP");
    await until(() => server.output.includes('reloaded changed="certificate"'), "it is not taken");
    assertEquals(await isAnswered(), true);
    server.kill("SIGHUP");
    await until(() => server.output.includes('reloaded changed="nothing"'), "it is taken again");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a server does not start with files that will not do, and says why in one line", {
  ignore: OPENSSL === undefined,
}, async () => {
  const { code, stderr } = await runServer(["--port", "0", "--cert", "data/nowhere.crt"]);
  assertEquals([code, stderr], [2, "--cert needs --key: the file with its key\n"]);
  const missing = await runServer(["--cert", "data/nowhere.crt", "--key", "data/nowhere.key"]);
  assertEquals(missing.code, 2);
  assert(missing.stderr.startsWith("Cannot read --cert data/nowhere.crt: No such file"));
  // A path that may not be read names the permission.
  const forbidden = await runServer(["--cert", "/nowhere.crt", "--key", "/nowhere.key"]);
  assertStringIncludes(forbidden.stderr, "Cannot read --cert /nowhere.crt: Requires read access");
});
