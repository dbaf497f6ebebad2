// kubernetes.mjs MODULES SCHEMA: reads a manifest as JSON; says what is wrong with it, a line each.
//
// The package's checks take fields that nobody knows, and a misspelt one must not pass: so it is watched
// which fields a check looks at. What it does not look at, Kubernetes does not know.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const [modules, schema] = process.argv.slice(2);
const { validate } = createRequire(`${modules}/`)(`${modules}/node_modules/kubernetes-models/_schemas/${schema}.js`);

const looked = new Set();
function watch(value, path) {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  return new Proxy(value, {
    get(object, key) {
      const at = `${path}/${String(key)}`;
      looked.add(at);
      return watch(object[key], at);
    },
  });
}
function* paths(value, path) {
  if (value !== null && typeof value === 'object') {
    for (const key of Object.keys(value)) {
      yield `${path}/${key}`;
      yield* paths(value[key], `${path}/${key}`);
    }
  }
}

const manifest = JSON.parse(readFileSync(0, 'utf8'));
if (!validate(watch(manifest, ''))) {
  for (const error of validate.errors) {
    console.log(`${error.instancePath}: ${error.message}`);
  }
}
for (const path of paths(manifest, '')) {
  if (!looked.has(path)) {
    console.log(`${path}: nobody knows it`);
  }
}
