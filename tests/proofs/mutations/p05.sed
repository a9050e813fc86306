# A step up does not wait for its time.
s/now < l->rise_at\[channel\]/false/
