/**
 * The proxies of docs/deploy.md, as they stand there, in front of a server here.
 *
 * @module
 */

import { assert } from "@std/assert";
import { signalIfRunning } from "./child.ts";
import { findProgram, PERMITTED } from "./permissions.ts";
import { until } from "./waiting.ts";

/** The programs, where they are. */
export const HAPROXY: string | undefined = findProgram("haproxy");
export const NGINX: string | undefined = findProgram("nginx");
export const OPENSSL: string | undefined = findProgram("openssl");

const TEXT = PERMITTED
  ? await Deno.readTextFile(new URL("../../docs/deploy.md", import.meta.url))
  : "";

/** The limits of an ordinary user: some files, and four times as many when asking for more. */
const LIMITED = (files: number) => `ulimit -Sn ${files}; ulimit -Hn ${4 * files}; exec "$@"`;
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** A proxy that runs. */
export interface Front extends AsyncDisposable {
  port: number;
  /** Where its files are. */
  folder: string;
}

/** Options of a proxy. */
export interface FrontOptions {
  /** Parts of the page that are to be others, each of them once. */
  changes?: Record<string, string>;
  /** The number of files it may have without asking for more. */
  files?: number;
}

/** Haproxy of the page. */
export async function startHaproxy(
  host: string,
  { changes = {}, files = 1_024 }: FrontOptions = {},
): Promise<Front> {
  const [port, folder] = [freePort(), await Deno.makeTempDir()];
  const config = changed(block("haproxy"), {
    "bind :8080": `bind 127.0.0.1:${port}`,
    "127.0.0.1:8765": host,
    ...changes,
  });
  await Deno.writeTextFile(`${folder}/haproxy.cfg`, config);
  const command = ["haproxy", "-f", `${folder}/haproxy.cfg`, "-db"];
  const answers = () => fetch(`http://127.0.0.1:${port}/healthz`);
  return startFront({ port, folder }, { files, command, answers });
}

/** Nginx of the page, with one worker, and a certificate of its own or without TLS. */
export async function startNginx(
  host: string,
  { changes = {}, files = 1_024, tls = true }: FrontOptions & { tls?: boolean } = {},
): Promise<Front> {
  const [port, folder] = [freePort(), await Deno.makeTempDir()];
  const kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((what) => `${what}_temp_path ${folder}/${what};`);
  const config = changed(block("nginx"), {
    "worker_processes auto": "worker_processes 1",
    "http {": `http {\n  access_log off;\n  ${kept.join("\n  ")}`,
    "proxy_pass http://127.0.0.1:8765": `proxy_pass http://${host}`,
    ...(tls ? { "listen 443": `listen 127.0.0.1:${port}`, "/etc/nginx": folder } : {
      "listen 443 ssl http2": `listen 127.0.0.1:${port}`,
      "ssl_certificate /etc/nginx/chat.crt;": "",
      "ssl_certificate_key /etc/nginx/chat.key;": "",
    }),
    ...changes,
  });
  await Deno.writeTextFile(`${folder}/nginx.conf`, config);
  if (tls) await makeCertificate(folder);
  const command = ["nginx", "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`, "-g"];
  command.push(`daemon off; pid ${folder}/pid;`);
  using client = tls ? await httpsClient(folder) : Deno.createHttpClient({});
  const url = tls ? `https://localhost:${port}/healthz` : `http://127.0.0.1:${port}/healthz`;
  return await startFront({ port, folder }, {
    files,
    command,
    answers: () => fetch(url, { client }),
  });
}

/** A client that trusts the certificate in a folder, and speaks one version of HTTP. */
export async function httpsClient(folder: string, version: 1 | 2 = 2): Promise<Deno.HttpClient> {
  const caCerts = [await Deno.readTextFile(`${folder}/chat.crt`)];
  return Deno.createHttpClient({ caCerts, http1: version === 1, http2: version === 2 });
}

/** Makes a certificate for `localhost`, `chat.crt`, and its key, `chat.key`, in a folder. */
export async function makeCertificate(cwd: string): Promise<void> {
  const made = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
      ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE"
        .split(" "),
      ..."-keyout chat.key -out chat.crt".split(" "),
    ],
    cwd,
  }).output();
  assert(made.success, new TextDecoder().decode(made.stderr));
}

/** The first code block in a language. */
function block(language: string): string {
  const found = TEXT.match(new RegExp("```" + language + "\\n([\\s\\S]*?)```"))?.[1];
  assert(found !== undefined, language);
  return found;
}

/** The text with parts replaced, all of which must be there. */
function changed(text: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((before, [from, to]) => {
    assert(before.includes(from), `docs/deploy.md has no ${from}`);
    return before.replaceAll(from, to);
  }, text);
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** Starts a program that is nobody special, and waits until it `answers`. */
async function startFront(
  { port, folder }: { port: number; folder: string },
  { files, command, answers }: {
    files: number;
    command: string[];
    answers: () => Promise<Response>;
  },
): Promise<Front> {
  const user = Deno.uid() === 0 ? NOBODY : [];
  await Deno.chmod(folder, 0o777);
  for await (const { name } of Deno.readDir(folder)) await Deno.chmod(`${folder}/${name}`, 0o644);
  const child = new Deno.Command("sh", {
    args: ["-c", LIMITED(files), "sh", ...user, ...command],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    signalIfRunning(child, "SIGTERM");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await until(
      async () => await answers().then((response) => response.text(), () => "") === "ok\n",
      "the proxy does not answer",
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, folder, [Symbol.asyncDispose]: stop };
}
