import { test } from '../browser/support';
import { usePage } from './inUse';

test('the page on a GPU', ({ lab, page }) => usePage(lab, page, '?backend=webgpu'));
