import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadCertificate } from "../../src/daemon/certificate.ts";
import { makeCertificate, OPENSSL } from "../support/fronts.ts";

const NEEDS_OPENSSL = { ignore: OPENSSL === undefined };

/** Folders with a certificate and key of their own each, removed at the end. */
class Folders implements AsyncDisposable {
  readonly #folders: string[] = [];

  async make(): Promise<string> {
    const folder = await Deno.makeTempDir();
    this.#folders.push(folder);
    await makeCertificate(folder);
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#folders) await Deno.remove(folder, { recursive: true });
  }
}

async function openssl(cwd: string, line: string): Promise<void> {
  const { success } = await new Deno.Command("openssl", { args: line.split(" "), cwd }).output();
  assert(success, line);
}

async function refusal(cert: string | undefined, key: string | undefined): Promise<string> {
  return (await assertRejects(() => loadCertificate(cert, key), RangeError)).message;
}

Deno.test(
  "a certificate and its key are read, and how long it is good",
  NEEDS_OPENSSL,
  async () => {
    await using folders = new Folders();
    const folder = await folders.make();
    const paths = [`${folder}/chat.crt`, `${folder}/chat.key`] as const;
    const { cert, key, expiresAt } = (await loadCertificate(...paths))!;
    assertEquals([cert, key], [
      await Deno.readTextFile(paths[0]),
      await Deno.readTextFile(paths[1]),
    ]);
    const days = (expiresAt - Date.now()) / 86_400_000;
    assert(days > 1 && days <= 2, `${days}`);
    assertEquals(await loadCertificate(undefined, undefined), undefined);
  },
);

Deno.test("a chain of certificates begins with the server's own", NEEDS_OPENSSL, async () => {
  await using folders = new Folders();
  const [own, issuer] = [await folders.make(), await folders.make()];
  const chain = await Deno.readTextFile(`${own}/chat.crt`) +
    await Deno.readTextFile(`${issuer}/chat.crt`);
  await Deno.writeTextFile(`${own}/chain.crt`, `Bag Attributes\n${chain}`);
  assert((await loadCertificate(`${own}/chain.crt`, `${own}/chat.key`)) !== undefined);
  assertEquals(
    await refusal(`${own}/chain.crt`, `${issuer}/chat.key`),
    `--key ${issuer}/chat.key is not the key of --cert ${own}/chain.crt`,
  );
});

Deno.test(
  "wrong files are refused in one line that says which and why",
  NEEDS_OPENSSL,
  async () => {
    await using folders = new Folders();
    const folder = await folders.make();
    const [cert, key] = [`${folder}/chat.crt`, `${folder}/chat.key`];
    await openssl(folder, "ec -in chat.key -aes128 -passout pass:secret -out locked.key");
    await openssl(folder, "pkcs8 -topk8 -in chat.key -passout pass:secret -out locked8.key");
    await openssl(folder, "x509 -in chat.crt -outform DER -out chat.der");
    await Deno.writeTextFile(`${folder}/empty`, "");
    await Deno.writeTextFile(
      `${folder}/broken.crt`,
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    assertEquals(await refusal(cert, undefined), "--cert needs --key: the file with its key");
    assertEquals(await refusal(undefined, key), "--key needs --cert: the file that it is for");
    for (const other of ["empty", "broken.crt", "chat.key"]) {
      assertEquals(
        await refusal(`${folder}/${other}`, key),
        `--cert ${folder}/${other} has no certificate in PEM, like fullchain.pem of certbot`,
      );
    }
    for (const other of ["empty", "chat.crt"]) {
      assertEquals(
        await refusal(cert, `${folder}/${other}`),
        `--key ${folder}/${other} has no private key in PEM, like privkey.pem of certbot`,
      );
    }
    for (const other of ["locked.key", "locked8.key"]) {
      assertEquals(
        await refusal(cert, `${folder}/${other}`),
        `--key ${folder}/${other} has a password: it has to be a file without one`,
      );
    }
    const missing = await refusal(cert, `${folder}/nowhere`);
    assert(missing.startsWith(`Cannot read --key ${folder}/nowhere: No such file`), missing);
    const binary = await refusal(`${folder}/chat.der`, key);
    assert(binary.startsWith(`--cert ${folder}/chat.der has no certificate in PEM`), binary);
  },
);
