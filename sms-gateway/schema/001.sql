-- One file per administration. Nothing here tells who a person is without the key file of the wave.

CREATE TABLE wave (
	wave TEXT NOT NULL PRIMARY KEY, -- survey-server's name for it
	title TEXT NOT NULL,            -- for staff
	name TEXT NOT NULL              -- the administration's name in that wave, for staff
) WITHOUT ROWID;

-- The groups that persons were drawn in; numbered per wave, the same in every batch.
CREATE TABLE stratum (
	wave TEXT NOT NULL REFERENCES wave,
	stratum INTEGER NOT NULL,
	area TEXT NOT NULL,    -- code of the area
	plan INTEGER NOT NULL, -- enum plan
	PRIMARY KEY (wave, stratum),
	UNIQUE (wave, area, plan)
) WITHOUT ROWID;

-- What is registered with survey-server in one piece.
CREATE TABLE batch (
	wave TEXT NOT NULL REFERENCES wave,
	batch INTEGER NOT NULL, -- from 1; its name is ADMINISTRATION-batch
	state INTEGER NOT NULL, -- enum store_batch_state
	PRIMARY KEY (wave, batch)
) WITHOUT ROWID;

CREATE TABLE batch_stratum (
	wave TEXT NOT NULL,
	batch INTEGER NOT NULL,
	stratum INTEGER NOT NULL,
	frame INTEGER NOT NULL, -- persons in the frame
	drawn INTEGER NOT NULL, -- of these, drawn
	PRIMARY KEY (wave, batch, stratum),
	FOREIGN KEY (wave, batch) REFERENCES batch
) WITHOUT ROWID;

-- Persons left out by the import that made the batch.
CREATE TABLE left_out (
	wave TEXT NOT NULL,
	batch INTEGER NOT NULL,
	reason TEXT NOT NULL, -- reason_code()
	count INTEGER NOT NULL,
	PRIMARY KEY (wave, batch, reason),
	FOREIGN KEY (wave, batch) REFERENCES batch
) WITHOUT ROWID;

-- A person in a wave. The sealed columns are opened with the wave's key file.
CREATE TABLE contact (
	wave TEXT NOT NULL REFERENCES wave,
	contact INTEGER NOT NULL,  -- from 1
	batch INTEGER NOT NULL,
	stratum INTEGER NOT NULL,
	person_hash BLOB NOT NULL, -- keyed: the same person in the same wave
	phone_hash BLOB NOT NULL,  -- keyed: the same number in the same wave
	phone BLOB NOT NULL,       -- sealed
	name BLOB NOT NULL,        -- sealed
	code BLOB NOT NULL,        -- sealed: the one-time code
	background BLOB NOT NULL,  -- sealed: background_encode()
	language TEXT NOT NULL,
	hold INTEGER NOT NULL,     -- 1: nothing more is sent until somebody has looked into it
	PRIMARY KEY (wave, contact),
	FOREIGN KEY (wave, batch) REFERENCES batch
) WITHOUT ROWID;
CREATE UNIQUE INDEX contact_person ON contact (wave, person_hash);
CREATE INDEX contact_phone ON contact (wave, phone_hash);
CREATE INDEX contact_batch ON contact (wave, batch);

-- Who is never to be contacted again, in no wave: hashes keyed with the administration's refusal key.
CREATE TABLE refusal (
	hash BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- One row a message, at most one of a kind to a person in a wave.
CREATE TABLE message (
	message INTEGER NOT NULL PRIMARY KEY,
	wave TEXT NOT NULL,
	contact INTEGER NOT NULL,
	kind INTEGER NOT NULL,       -- enum store_kind
	state INTEGER NOT NULL,      -- enum store_state
	tries INTEGER NOT NULL,
	not_before INTEGER NOT NULL, -- seconds since 1970
	ref BLOB NOT NULL UNIQUE,    -- 16 random bytes: what delivery reports name
	UNIQUE (wave, contact, kind),
	FOREIGN KEY (wave, contact) REFERENCES contact
);
CREATE INDEX message_queue ON message (state, wave, not_before, message);
