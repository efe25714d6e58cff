// npm-pack.mjs NAME VERSION: writes a package's tarball to the current folder and prints its file's
// name, as "npm pack" does. For machines without npm: needs only Debian's nodejs and
// node-registry-url, which knows the registry (or the user's .npmrc). The tarball must match the
// integrity that the registry states for it.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import registryUrl from '/usr/share/nodejs/registry-url/index.js';

const ANSWER_MS = 120000;

const [name, version] = process.argv.slice(2);
if (!version) {
  console.error('usage: npm-pack.mjs NAME VERSION');
  process.exit(2);
}

async function get(url) {
  const reply = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!reply.ok)
    throw new Error(`${name}@${version}: the registry answers with HTTP ${reply.status}`);
  return Buffer.from(await reply.arrayBuffer());
}

const scope = name.startsWith('@') ? name.split('/')[0] : undefined;
const about = JSON.parse(await get(`${registryUrl(scope)}${name.replace('/', '%2f')}/${version}`));
const tarball = await get(about.dist.tarball);
const [algorithm, want] = about.dist.integrity.split(/-(.*)/s);
if (createHash(algorithm).update(tarball).digest('base64') !== want)
  throw new Error(`${name}@${version}: the tarball does not match its integrity`);
const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
await writeFile(file, tarball);
console.log(file);
