-- What a product sold between the begin of a month and a count is looked up, not added up out of all days.

-- MySQL knows no ADD KEY IF NOT EXISTS, and a migration that was cut off is run again.
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.statistics WHERE table_schema = DATABASE()
  AND table_name = 'truth_sales_by_day' AND index_name = 'generation_month_store_id_product_id_day_units');

SET @change = IF(@missing, 'ALTER TABLE `truth_sales_by_day` ADD KEY `generation_month_store_id_product_id_day_units` (`generation`, `month`, `store_id`, `product_id`, `day`, `units`)', 'DO 0');

PREPARE change_table FROM @change;

EXECUTE change_table;

DEALLOCATE PREPARE change_table;

-- Views of before that no other view reads any more.
DROP VIEW IF EXISTS `stock_moves`;

DROP VIEW IF EXISTS `stock_counts`;
