-- Every key begins with the wave, so that all rows of a wave live together.
-- No time of a request, no order of arrival and no row number of an answer is kept anywhere.

CREATE TABLE wave (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,        -- as people write it: 2027-1
  title TEXT NOT NULL,
  opens INTEGER NOT NULL,           -- first and last day of collection, YYYYMMDD
  closes INTEGER NOT NULL,
  custody INTEGER NOT NULL,         -- where the private key is: 1 on paper, 2 on the server too
  state INTEGER NOT NULL,           -- enum wave_state
  public_key BLOB NOT NULL,         -- X25519, 32 bytes; ballots are sealed to it
  definition TEXT NOT NULL,         -- JSON: questionnaire and value sets as they were when it was added
  invited INTEGER NOT NULL,         -- how many serials are taken
  counted INTEGER,                  -- the day of the count
  destroyed_by TEXT,                -- who destroyed the paper with the private key
  words TEXT                        -- the publisher's text
);

-- What sms-gateway registered together: invitations, and the frame that they were drawn from.
CREATE TABLE batch (
  wave INTEGER NOT NULL REFERENCES wave,
  name TEXT NOT NULL,
  administration INTEGER NOT NULL,  -- place in the wave's value set
  first INTEGER NOT NULL,           -- serial of the first invitation
  size INTEGER NOT NULL,
  content BLOB NOT NULL,            -- SHA-256 of what was registered: the same again is a no-op
  ids BLOB NOT NULL,                -- the invitations' ids, 16 bytes each, sorted; place = serial - first
  PRIMARY KEY (wave, name)
);

-- The sampling strata of a batch: how many the frame holds and how many were drawn.
CREATE TABLE stratum (
  wave INTEGER NOT NULL,
  batch TEXT NOT NULL,
  stratum INTEGER NOT NULL,         -- numbered within the administration and wave
  area INTEGER NOT NULL,            -- place in the wave's value set
  plan INTEGER NOT NULL,            -- enum plan
  frame INTEGER NOT NULL,
  drawn INTEGER NOT NULL,
  PRIMARY KEY (wave, batch, stratum)
);

-- How many each rule of the frame left out.
CREATE TABLE left_out (
  wave INTEGER NOT NULL,
  batch TEXT NOT NULL,
  reason TEXT NOT NULL,
  persons INTEGER NOT NULL,
  PRIMARY KEY (wave, batch, reason)
);

CREATE TABLE invitation (
  wave INTEGER NOT NULL,
  id BLOB NOT NULL,                 -- derived from the code, which is kept nowhere here
  serial INTEGER NOT NULL,
  sealed BLOB NOT NULL,             -- the background; only the code itself opens it
  PRIMARY KEY (wave, id)
) WITHOUT ROWID;

-- 4,096 invitations a row, one bit each, by serial.
CREATE TABLE bitmap (
  wave INTEGER NOT NULL,
  kind INTEGER NOT NULL,            -- 1 gone: spent or revoked; 2 revoked
  chunk INTEGER NOT NULL,
  bits BLOB NOT NULL,               -- 512 bytes
  PRIMARY KEY (wave, kind, chunk)
) WITHOUT ROWID;

CREATE TABLE ballot (
  wave INTEGER NOT NULL,
  key BLOB NOT NULL,                -- 16 random bytes: their order says nothing
  sealed BLOB NOT NULL,
  PRIMARY KEY (wave, key)
) WITHOUT ROWID;

-- Those who said no on the page, for sms-gateway to fetch in bulk.
CREATE TABLE decline (
  wave INTEGER NOT NULL,
  id BLOB NOT NULL,
  reason INTEGER NOT NULL,          -- 1 does not want to, 2 is another person
  PRIMARY KEY (wave, id)
) WITHOUT ROWID;

-- What became of those who did not answer, as counts, from sms-gateway after closing.
CREATE TABLE disposition (
  wave INTEGER NOT NULL,
  batch TEXT NOT NULL,
  stratum INTEGER NOT NULL,
  code INTEGER NOT NULL,            -- AAPOR, times ten where it has one decimal: 2.11 is 211
  persons INTEGER NOT NULL,
  PRIMARY KEY (wave, batch, stratum, code)
);

-- The one result of a wave: every figure that may be shown, and no other.
CREATE TABLE release (
  wave INTEGER PRIMARY KEY REFERENCES wave,
  document TEXT NOT NULL            -- JSON
);
