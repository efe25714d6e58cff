-- Fails before anything is written when the server takes no writes (full, a replica, a bad disk).
-- Writing an empty range changes nothing.
redis.call('SETRANGE', P .. ':task:probe', 0, '')
