/** The partial bundle ships without types; its interface is the full package's. */
declare module 'plotly.js-basic-dist-min' {
  export * from 'plotly.js';
}
