-- The definition, by far the largest value, in a table of its own: a request reads the wave's row, and SQLite
-- would walk past all of it to the columns behind. It now holds a list of questionnaires, one an edition.
CREATE TABLE definition (
  wave INTEGER PRIMARY KEY REFERENCES wave,
  document TEXT NOT NULL            -- JSON: questionnaires, layout and value sets as they were when it was added
);
INSERT INTO definition (wave, document)
  SELECT number, json_object('layout', 1,
    'questionnaires', json_array(json_extract(definition, '$.questionnaire')),
    'variables', json_extract(definition, '$.variables'))
  FROM wave;
ALTER TABLE wave DROP COLUMN definition;
