export default {
  root: true,
  extends: ['html-validate:recommended'],
  rules: {
    // The standard takes either; the daemons write tags in lower case, this one too.
    'doctype-style': ['error', { style: 'lowercase' }],
  },
};
