import { test, WITHOUT_GPU } from '../browser/support';
import { usePage } from './inUse';

test.use(WITHOUT_GPU);

test('the page', ({ lab, page }) => usePage(lab, page, '?workers=2'));
