import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const CLOCK = 'No clock here: runs must be reproducible. Only src/runtime, src/worker and src/cli read it.';
const clockAndChance = [
  { object: 'Math', property: 'random', message: 'Draw from src/math/random.ts: every draw has an address.' },
  { object: 'Date', property: 'now', message: CLOCK },
  { object: 'performance', property: 'now', message: CLOCK },
];
const newDate = { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK };
const rawHtml = {
  selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]',
  message: 'Text goes into the page as text: no raw HTML.',
};
const messages = {
  selector: "CallExpression[callee.name='postMessage'], CallExpression[callee.property.name='postMessage']",
  message: 'Threads talk through src/worker only.',
};

export default tseslint.config(
  { ignores: ['dist/', '.lab/', '.lab-*/', 'public/', 'node_modules/', 'test-results/', 'coverage/', '.svelte-kit/'] },
  // AssemblyScript, which is not TypeScript.
  { ignores: ['src/**/*.as.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-undef': 'off', // TypeScript knows better
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An interface may promise asynchrony that one of its forms does not need.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: tseslint.parser, svelteConfig } },
    // Svelte's own form knows that props are declared with let.
    rules: { 'svelte/no-at-html-tags': 'error', 'prefer-const': 'off', 'svelte/prefer-const': 'error' },
  },
  {
    files: ['src/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', ...clockAndChance],
      'no-restricted-syntax': ['error', newDate, rawHtml, messages],
    },
  },
  {
    files: ['src/runtime/**', 'src/cli/**'],
    rules: {
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', rawHtml, messages],
    },
  },
  {
    files: ['src/worker/**'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-syntax': ['error', rawHtml] },
  },
  {
    // The service worker answers the page that asked.
    files: ['src/offline/**'],
    rules: { 'no-restricted-syntax': ['error', newDate, rawHtml] },
  },
  { files: ['src/cli/**'], rules: { 'no-console': 'off' } },
  {
    // tfjs's signatures leave ranks to assertions, which this rule would have turned into type arguments.
    files: ['src/{ops,policy,training,reference,runtime}/**', 'tests/**'],
    rules: { '@typescript-eslint/no-unnecessary-type-assertion': 'off' },
  },
  {
    // Tests poke at untyped innards.
    files: ['tests/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
  },
);
