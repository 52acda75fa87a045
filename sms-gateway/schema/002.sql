-- How many contacts and messages there are, kept as they change: pages of staff ask all the time, and counting
-- 80,000 rows takes longer than a page may.

ALTER TABLE batch ADD COLUMN size INTEGER NOT NULL DEFAULT 0; -- contacts
UPDATE batch SET size = (SELECT count(*) FROM contact c WHERE c.wave = batch.wave AND c.batch = batch.batch);
CREATE TRIGGER contact_added AFTER INSERT ON contact BEGIN
	UPDATE batch SET size = size + 1 WHERE wave = new.wave AND batch = new.batch;
END;
CREATE TRIGGER contact_removed AFTER DELETE ON contact BEGIN
	UPDATE batch SET size = size - 1 WHERE wave = old.wave AND batch = old.batch;
END;

CREATE TABLE message_count (
	wave TEXT NOT NULL,
	state INTEGER NOT NULL, -- enum store_state
	count INTEGER NOT NULL,
	PRIMARY KEY (wave, state)
) WITHOUT ROWID;
INSERT INTO message_count SELECT wave, state, count(*) FROM message GROUP BY wave, state;
CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
	INSERT INTO message_count VALUES (new.wave, new.state, 1)
		ON CONFLICT (wave, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN
	UPDATE message_count SET count = count - 1 WHERE wave = old.wave AND state = old.state;
	INSERT INTO message_count VALUES (new.wave, new.state, 1)
		ON CONFLICT (wave, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
	UPDATE message_count SET count = count - 1 WHERE wave = old.wave AND state = old.state;
END;
