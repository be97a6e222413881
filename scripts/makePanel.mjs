/**
 * Writes src/tasks/reviews/panel.json: the ratings that ten people gave to the words of the reviews, from the lexicon of
 * VADER (Hutto and Gilbert 2014, MIT), which the package vader-sentiment 1.1.3 holds as vader_lexicon.txt.
 *
 *     node scripts/makePanel.mjs vader_lexicon.txt
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'vite';

const [lexicon] = process.argv.slice(2);
if (lexicon === undefined) throw new Error('name the lexicon: node scripts/makePanel.mjs vader_lexicon.txt');

const server = await createServer({ configFile: false, server: { middlewareMode: true }, logLevel: 'error' });
const { VOCABULARY } = await server.ssrLoadModule('/src/tasks/reviews/vocabulary.ts');
await server.close();

const known = new Set(VOCABULARY);
/** @type {Record<string, unknown>} */
const words = {};
// word, mean, standard deviation, [ten ratings]
for (const line of readFileSync(lexicon, 'utf8').split('\n')) {
  const [word, , , ratings] = line.split('\t');
  if (word !== undefined && ratings !== undefined && known.has(word)) words[word] = JSON.parse(ratings);
}
const sorted = Object.fromEntries(Object.entries(words).sort(([a], [b]) => (a < b ? -1 : 1)));
const source = 'VADER (Hutto and Gilbert 2014, MIT), vader_lexicon.txt';
writeFileSync('src/tasks/reviews/panel.json', `${JSON.stringify({ source, words: sorted })}\n`);
