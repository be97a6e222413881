import type { CDPSession } from '@playwright/test';
import { CODE, HEAP, TEXTS, type Measures } from './growth';

/** JavaScript, of the page or of a worker, in a heap snapshot. */

interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/** What a look at a heap asks the browser for; it begins with a collection. */
export const TAKE = 'HeapProfiler.takeHeapSnapshot';

/** A snapshot of the page's heap, as the browser writes it. */
export async function snapshotOf(session: CDPSession): Promise<string> {
  const chunks: string[] = [];
  const keep = ({ chunk }: { chunk: string }) => chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', keep);
  await session.send(TAKE, { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', keep);
  return chunks.join('');
}

/** Bytes of JavaScript in a snapshot: what it holds, and apart from that what grows with use. */
export function heapIn(written: string): Measures {
  const { snapshot, nodes, edges, strings } = JSON.parse(written) as HeapSnapshot;
  const { node_fields, node_types, edge_fields, edge_types } = snapshot.meta;
  const field = (name: string) => node_fields.indexOf(name);
  const [type, name, size] = [field('type'), field('name'), field('self_size')];
  const typeOf = (node: number) => node_types[0][nodes[node + type]!]!;
  // Plotly's keys are a text and the style that it has.
  const isMeasured = (text: string | undefined) => text?.includes('endfont-family') ?? false;
  const texts = new Set<number>();
  let [held, code] = [0, 0];
  for (let node = 0; node < nodes.length; node += node_fields.length) {
    if (typeOf(node) === 'code') code += nodes[node + size]!;
    else held += nodes[node + size]!;
    if (typeOf(node).includes('string') && isMeasured(strings[nodes[node + name]!])) texts.add(node);
  }
  // A text's box is an object, whose numbers lie by themselves.
  const ofBoxes = new Set<number>();
  const property = edge_types[0].indexOf('property');
  for (let edge = 0; edge < edges.length; edge += edge_fields.length) {
    if (edges[edge] === property && isMeasured(strings[edges[edge + 1]!])) ofBoxes.add(edges[edge + 2]!);
  }
  let edge = 0;
  for (let node = 0; node < nodes.length; node += node_fields.length) {
    const end = edge + edge_fields.length * nodes[node + field('edge_count')]!;
    for (; edge < end; edge += edge_fields.length) {
      const to = edges[edge + 2]!;
      if (ofBoxes.has(node) && typeOf(to).includes('number')) texts.add(to);
    }
  }
  for (const box of ofBoxes) texts.add(box);
  const measured = [...texts].reduce((sum, node) => sum + nodes[node + size]!, 0);
  return { [HEAP]: held - measured, [CODE]: code, [TEXTS]: measured };
}
