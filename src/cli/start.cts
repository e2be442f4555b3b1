/**
 * What bin/callgate has Node run. It is written so that any Node reads it, and says which one is needed: the first file of
 * the rest that an old one cannot read would be a syntax error.
 */
const NEEDED = 20;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `callgate: ${process.execPath} is ${process.version}; Node.js ${NEEDED} or later is needed: apt-get install nodejs\n`,
  );
  process.exit(125);
}
void import('./main.js');
