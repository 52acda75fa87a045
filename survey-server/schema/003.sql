-- A batch that nobody was told of can be withdrawn. Its serials are not given to others, so `invited` still counts them.
ALTER TABLE wave ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0; -- how many of the serials taken were withdrawn again
